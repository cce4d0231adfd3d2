#include "core/connector/adapter_file.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <limits>

#include "core/base/error.hpp"
#include "core/connector/adapter_metadata.hpp"
#include "core/format/safetensors.hpp"
#include "core/tensor/convert.hpp"
#include "tests/core/connector/support.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"

using namespace lateral;
using connector::Adapter;
using connector::AdapterUse;

namespace {

AdapterUse use_of(const model::DecoderSpec& spec) {
  return {"small", "noise-1", 12, spec};
}

/// What load_adapter says about `path`, after checking its code.
std::string refusal(const std::filesystem::path& path, Errc code, const AdapterUse* use = nullptr) {
  try {
    use == nullptr ? connector::load_adapter(path) : connector::load_adapter(path, *use);
  } catch (const Error& error) {
    CHECK(error.code() == code);
    return error.what();
  }
  return "accepted";
}

/// An adapter's file with changes: metadata set (or removed where empty), tensors replaced (or removed).
struct Forgery {
  explicit Forgery(const Adapter& adapter) : metadata(connector::metadata_of(adapter.info())) {
    for (const auto& [name, tensor] : adapter.parameters()) tensors[name] = tensor.clone();
  }
  void write(const std::filesystem::path& path) const {
    std::vector<format::TensorView> views;
    for (const auto& [name, tensor] : tensors) views.push_back(tensor::to_view(name, tensor));
    format::write_safetensors(path, views, metadata);
  }
  format::Metadata metadata;
  std::map<std::string, at::Tensor> tensors;
};

struct Fixture {
  c10::NoGradGuard no_gradients;
  test::TemporaryFolder folder;
  model::DecoderSpec spec = test::llama_spec();
  Adapter adapter = test::adapter_for(spec, {.blocks = "2,4,5", .seed = 3, .lora = true});
  std::filesystem::path path = folder / "camera.safetensors";
};

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a file that is no adapter is refused with the reason") {
  Fixture f;
  CHECK(has(refusal(f.path, Errc::NotFound), "camera.safetensors"));
  test::write_file(f.path, "not safetensors");
  refusal(f.path, Errc::Corrupt);
  format::write_safetensors(f.path, {});
  CHECK(has(refusal(f.path, Errc::Corrupt), "is not an adapter"));
}

TEST_CASE("an adapter file cut short anywhere is refused") {
  Fixture f;
  connector::save_adapter(f.path, f.adapter);
  const auto whole = read_text(f.path, 1 << 20);
  for (std::size_t size = 0; size < whole.size(); size += 97) {
    test::write_file(f.path, whole.substr(0, size));
    refusal(f.path, Errc::Corrupt);
  }
}

TEST_CASE("an adapter of a newer format version is told apart from a damaged one") {
  Fixture f;
  Forgery forgery(f.adapter);
  forgery.metadata["format_version"] = "2";
  forgery.write(f.path);
  CHECK(has(refusal(f.path, Errc::Unsupported), "format version 2; this build reads 1"));
}

TEST_CASE("everything wrong with the metadata is said at once") {
  Fixture f;
  Forgery forgery(f.adapter);
  forgery.metadata.erase("token_space");
  forgery.metadata["blocks"] = "4,9";
  forgery.metadata["width"] = "twelve";
  forgery.metadata["inner"] = "99999999999";
  forgery.metadata["tau"] = "nan";
  forgery.metadata["seen"] = "perhaps";
  forgery.metadata["method"] = "composite";
  forgery.metadata["plugin"] = "../../etc";
  forgery.metadata["colour"] = "blue";
  forgery.write(f.path);
  const auto message = refusal(f.path, Errc::Corrupt);
  for (const auto* const key :
       {"token_space: is missing", "there is no block 9", "width: must be a number", "inner: must",
        "tau: must", "\"perhaps\"", "composite", "plugin:", "colour: is unknown"}) {
    INFO(key << " in " << message);
    CHECK(has(message, key));
  }
}

TEST_CASE("everything wrong with the tensors is said at once") {
  Fixture f;
  Forgery forgery(f.adapter);
  forgery.tensors.erase("links.w");
  forgery.tensors["aligner.k.in.bias"] = at::zeros({17});
  forgery.tensors["aligner.k.out.bias"] = at::zeros({16}, at::kDouble);
  forgery.tensors["lora.4.v.up"][0][0] = std::numeric_limits<float>::quiet_NaN();
  forgery.tensors["surprise"] = at::zeros({1});
  forgery.write(f.path);
  const auto message = refusal(f.path, Errc::Corrupt);
  for (const auto* const part :
       {"links.w: is missing", "aligner.k.in.bias: expected F32 [16], found F32 [17]",
        "aligner.k.out.bias: expected F32 [16], found F64", "lora.4.v.up: holds NaN",
        "surprise: is unknown"}) {
    INFO(part << " in " << message);
    CHECK(has(message, part));
  }
}

TEST_CASE("metadata that promises giant tensors costs an error, not memory") {
  Fixture f;
  Forgery forgery(f.adapter);
  forgery.metadata["width"] = forgery.metadata["inner"] = forgery.metadata["kv_heads"] = "1048576";
  forgery.write(f.path);
  CHECK(has(refusal(f.path, Errc::Corrupt), "aligner.k.in.weight: expected F32 [1048576, 1048576]"));
}

TEST_CASE("an adapter for another model or token space is refused, naming every difference") {
  Fixture f;
  connector::save_adapter(f.path, f.adapter);
  auto other = use_of(f.spec);
  other.base_model = "large";
  other.token_space = "noise-2";
  other.width = 96;
  other.spec.layers = 8;
  other.spec.kv_heads = 4;
  other.spec.head_dim = 16;
  other.spec.hidden = 64;
  const auto message = refusal(f.path, Errc::AbiMismatch, &other);
  for (const auto* const part :
       {"base model: the adapter was made for small, this is large", "noise-1, this is noise-2",
        "12, this is 96", "blocks: the adapter was made for 6, this is 8", "kv_heads", "head_dim",
        "hidden width"}) {
    INFO(part << " in " << message);
    CHECK(has(message, part));
  }
  const auto fits = use_of(f.spec);
  CHECK(refusal(f.path, Errc::AbiMismatch, &fits) == "accepted");
}

TEST_CASE(
    "an adapter tells whose it is and fits by its token space alone, whatever the sense is called now") {
  Fixture f;
  auto info = f.adapter.info();
  CHECK_FALSE(connector::metadata_of(info).contains("library"));
  info.plugin = info.library = "camera";
  CHECK_FALSE(connector::metadata_of(info).contains("library"));  // as before there were instances
  CHECK(connector::trained_with(info) == "camera");
  info.plugin = "signs";
  info.library = "torch-module";
  const Adapter signs(info);
  connector::save_adapter(f.path, signs);
  const auto loaded = connector::load_adapter(f.path, use_of(f.spec));
  CHECK(loaded.info().plugin == "signs");
  CHECK(loaded.info().library == "torch-module");
  info.plugin = "voice";
  CHECK(Adapter(info).identity() == signs.identity());

  // Another instance of the library has other weights, and so another token space.
  auto voice = use_of(f.spec);
  voice.token_space = "noise-2";
  const auto message = refusal(f.path, Errc::AbiMismatch, &voice);
  CHECK(has(message, "noise-1, this is noise-2"));
  CHECK(has(message, "it was trained with plugin signs, an instance of torch-module"));

  Forgery forgery(signs);
  forgery.metadata["library"] = "../torch";
  forgery.write(f.path);
  CHECK(has(refusal(f.path, Errc::Corrupt), "library: "));
}

TEST_CASE("an adapter that is not finite is not saved, and the former file stays") {
  Fixture f;
  connector::save_adapter(f.path, f.adapter);
  const auto before = read_text(f.path, 1 << 20);
  f.adapter.parameters()[0].tensor[0][0] = std::numeric_limits<float>::infinity();
  CHECK_THROWS_WITH(connector::save_adapter(f.path, f.adapter), Catch::Contains("aligner.k.in.weight"));
  CHECK(read_text(f.path, 1 << 20) == before);
}

TEST_CASE("an adapter comes back as it was saved: bits, metadata and bytes") {
  Fixture f;
  f.adapter.training()["samples"] = "300";
  f.adapter.training()["held_out"] = "0.77";
  connector::save_adapter(f.path, f.adapter);
  const auto loaded = connector::load_adapter(f.path, use_of(f.spec));
  CHECK(loaded.identity() == f.adapter.identity());
  CHECK(connector::metadata_of(loaded.info()) == connector::metadata_of(f.adapter.info()));
  CHECK(loaded.info().training.at("held_out") == "0.77");
  const auto mine = f.adapter.parameters();
  const auto theirs = loaded.parameters();
  REQUIRE(mine.size() == theirs.size());
  for (std::size_t i = 0; i < mine.size(); ++i) {
    CHECK(mine[i].name == theirs[i].name);
    CHECK(at::equal(mine[i].tensor, theirs[i].tensor));
  }
  connector::save_adapter(f.folder / "again.safetensors", loaded);
  CHECK(read_text(f.path, 1 << 20) == read_text(f.folder / "again.safetensors", 1 << 20));
}

TEST_CASE("every kind of adapter has the layout its metadata promises") {
  using Scope = connector::SeenGate::Scope;
  Fixture f;
  auto info = test::info_for(f.spec, {.lora = GENERATE(false, true)});
  info.seen = GENERATE(std::optional<Scope>(), std::optional(Scope::Token), std::optional(Scope::Sample));
  info.aligner.inner = GENERATE(0, 16);
  const Adapter adapter(info);
  const auto layout = connector::layout_of(info);
  const auto parameters = adapter.parameters();
  REQUIRE(layout.size() == parameters.size());
  for (std::size_t i = 0; i < layout.size(); ++i) {
    CHECK(layout[i].first == parameters[i].name);
    CHECK(at::IntArrayRef(layout[i].second) == parameters[i].tensor.sizes());
  }
  connector::save_adapter(f.path, adapter);
  CHECK(connector::load_adapter(f.path).identity() == adapter.identity());
}

TEST_CASE("a clone has tensors of its own, and its identity follows them") {
  Fixture f;
  const auto copy = f.adapter.clone();
  CHECK(copy.identity() == f.adapter.identity());
  copy.parameters()[0].tensor.add_(1.0);
  CHECK(copy.identity() != f.adapter.identity());
}
