#include "core/model/load.hpp"

#include <malloc.h>

#include "core/format/safetensors.hpp"
#include "core/model/config_writer.hpp"
#include "core/model/families.hpp"
#include "core/tensor/convert.hpp"
#include "core/tensor/memory.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"
#include "tiny_models.hpp"

namespace lateral::model {
namespace {

using test_models::each_family;
using test_models::ids_of;

at::Tensor states_of(const Decoder& decoder) {
  const at::NoGradGuard no_gradients;
  return decoder.head(decoder.forward(0, decoder.spec().layers, decoder.embed(ids_of(2, 5, 1))));
}

/// A saved model whose tensors can be changed before it is written again.
struct Saved {
  test::TemporaryFolder folder;
  std::vector<NamedTensor> tensors;

  explicit Saved(const Decoder& decoder) : tensors(decoder.named_tensors()) {
    save_model(decoder, folder.path());
  }

  void write(const std::string& file, std::size_t first, std::size_t last,
             const std::string& cut = "") const {
    std::vector<format::TensorView> views;
    for (std::size_t i = first; i < last; ++i) {
      const std::string& name = tensors[i].name;
      views.push_back(
          tensor::to_view(name.starts_with(cut) ? name.substr(cut.size()) : name, tensors[i].tensor));
    }
    format::write_safetensors(folder / file, views);
  }
};

TEST_CASE("a folder that is none, or has no weights, is refused") {
  const test::TemporaryFolder folder;
  CHECK(test::thrown_by([&] { load_model(folder / "nowhere"); }).code == Errc::NotFound);
  CHECK(test::thrown_by([&] { load_model(folder.path()); }).mentions("config.json"));
  const Saved saved(each_family()[0]);
  std::filesystem::remove(saved.folder / "model.safetensors");
  CHECK(test::thrown_by([&] { load_model(saved.folder.path()); }).code == Errc::NotFound);
}

TEST_CASE("pickles are refused with advice") {
  const Saved saved(each_family()[0]);
  std::filesystem::rename(saved.folder / "model.safetensors", saved.folder / "pytorch_model.bin");
  const auto thrown = test::thrown_by([&] { load_model(saved.folder.path()); });
  CHECK(thrown.code == Errc::Unsupported);
  CHECK(thrown.mentions("./dev convert " + saved.folder.path().string()));
}

TEST_CASE("missing, unexpected and wrongly shaped tensors are reported together") {
  Saved saved(each_family()[0]);
  saved.tensors[0].name = "model.surprise";
  saved.tensors[3].tensor = at::ones({3, 3});
  const std::string misshapen = saved.tensors[3].name;
  saved.write("model.safetensors", 0, saved.tensors.size());
  const auto thrown = test::thrown_by([&] { load_model(saved.folder.path()); });
  INFO(thrown.message);
  CHECK(thrown.code == Errc::InvalidArgument);
  CHECK(thrown.mentions("missing: model.embed_tokens.weight [50, 24]"));
  CHECK(thrown.mentions("unexpected: model.surprise"));
  CHECK(thrown.mentions(misshapen + ": expected [24, 24], found [3, 3]"));
}

TEST_CASE("a file of another family, or with hundreds of faults, is refused with the first of them") {
  const Saved saved(each_family()[0]);
  const std::string config = config_json(test_models::gpt2_spec(), at::kFloat);
  test::write_file(saved.folder / "config.json", config);
  const auto thrown = test::thrown_by([&] { load_model(saved.folder.path()); });
  INFO(thrown.message);
  CHECK(thrown.mentions("missing: transformer.wte.weight"));
  CHECK(thrown.mentions(" more"));
  CHECK(thrown.message.size() < 4000);
}

TEST_CASE("masks and tables that old versions saved beside the weights are passed over") {
  for (const Decoder& decoder : each_family()) {
    Saved saved(decoder);
    const auto& names = family_of(decoder.spec().family).names;
    for (const std::string_view buffer : names.buffers) {
      if (!buffer.empty())
        saved.tensors.push_back({std::string(names.block_prefix) + "0" + std::string(buffer), at::ones({2})});
    }
    if (decoder.spec().tied_head)
      saved.tensors.push_back({std::string(names.head) + ".weight", decoder.outer().tokens});
    saved.write("model.safetensors", 0, saved.tensors.size());
    CHECK(at::equal(states_of(load_model(saved.folder.path())), states_of(decoder)));
  }
}

TEST_CASE("a tied head that the file has with other numbers is the model's head") {
  const Decoder decoder = each_family()[0];
  Saved saved(decoder);
  const at::Tensor head = decoder.outer().tokens * 2;
  saved.tensors.push_back({"lm_head.weight", head});
  saved.write("model.safetensors", 0, saved.tensors.size());
  const Decoder loaded = load_model(saved.folder.path());
  CHECK_FALSE(loaded.spec().tied_head);
  CHECK(at::equal(loaded.outer().head, head));
  CHECK(at::equal(loaded.outer().tokens, decoder.outer().tokens));
}

TEST_CASE("a file that has a tied table under the head's name alone has it") {
  for (const Decoder& decoder : each_family()) {
    if (!decoder.spec().tied_head) continue;
    Saved saved(decoder);
    const auto& names = family_of(decoder.spec().family).names;
    saved.tensors[0].name = std::string(names.head) + ".weight";
    saved.write("model.safetensors", 0, saved.tensors.size());
    CHECK(at::equal(states_of(load_model(saved.folder.path())), states_of(decoder)));
  }
}

TEST_CASE("weights that must be copied leave no pages of the file in memory") {
  DecoderSpec spec = test_models::llama_spec();
  spec.hidden = spec.embedding_width = 768;
  spec.vocab = 8192;
  Saved saved(Decoder::random(spec, 4));
  const std::string eight_bytes = "a.rotary_emb.inv_freq";  // moves the others off every multiple of 64
  saved.tensors.push_back({eight_bytes, at::ones({2})});
  saved.write("model.safetensors", 0, saved.tensors.size());
  const auto file = static_cast<std::int64_t>(std::filesystem::file_size(saved.folder / "model.safetensors"));
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    ::malloc_trim(0);  // what earlier tests gave back must not serve as room
    const tensor::MemoryReport before = tensor::memory_report();
    const Decoder decoder = load_model(saved.folder.path(), type);
    CHECK(decoder.named_tensors().size() == saved.tensors.size() - 1);
    const tensor::MemoryReport after = tensor::memory_report();
    CHECK(after.file - before.file < file / 10);
    CHECK(after.anonymous - before.anonymous > file * 4 / (type == at::kFloat ? 5 : 10));
  }
}

TEST_CASE("what is saved loads with the same bits") {
  for (const Decoder& decoder : each_family()) {
    const Saved saved(decoder);
    CHECK(at::equal(states_of(load_model(saved.folder.path())), states_of(decoder)));
  }
}

TEST_CASE("names may lack the first part, as in files of the bare model") {
  for (const Decoder& decoder : each_family()) {
    const Saved saved(decoder);
    saved.write("model.safetensors", 0, saved.tensors.size(),
                std::string(family_of(decoder.spec().family).names.base));
    CHECK(at::equal(states_of(load_model(saved.folder.path())), states_of(decoder)));
  }
}

TEST_CASE("shards give the same bits") {
  const Decoder decoder = each_family()[0];
  const Saved saved(decoder);
  std::filesystem::remove(saved.folder / "model.safetensors");
  const std::size_t half = saved.tensors.size() / 2;
  saved.write("a.safetensors", 0, half);
  saved.write("b.safetensors", half, saved.tensors.size());
  std::string index = R"({"weight_map": {)";
  for (std::size_t i = 0; i < saved.tensors.size(); ++i) {
    index += (i == 0 ? "\"" : ", \"") + saved.tensors[i].name + "\": \"" + (i < half ? "a" : "b") +
             ".safetensors\"";
  }
  test::write_file(saved.folder / "model.safetensors.index.json", index + "}}");
  CHECK(at::equal(states_of(load_model(saved.folder.path())), states_of(decoder)));
}

TEST_CASE("generation_config.json overrules the ids that end an answer") {
  const Saved saved(each_family()[0]);
  test::write_file(saved.folder / "generation_config.json", R"({"eos_token_id": [4, 5]})");
  CHECK(load_model(saved.folder.path()).spec().eos == std::vector<std::int64_t>{4, 5});
}

TEST_CASE("blocks are loaded when first used, leave memory, and come back with the same bits") {
  const Saved saved(each_family()[1]);
  const Decoder decoder = load_model(saved.folder.path());
  CHECK_FALSE(decoder.blocks().resident(0));
  const at::Tensor before = states_of(decoder);
  CHECK(decoder.blocks().resident(3));
  const BlockView held = decoder.block(1);
  decoder.blocks().release(0, 3);
  CHECK_FALSE(decoder.blocks().resident(1));
  CHECK(decoder.blocks().resident(3));
  CHECK(held.weights().up.weight.defined());
  CHECK(at::equal(states_of(decoder), before));
}

TEST_CASE("a trainable copy lets the early blocks leave memory, but not those it trains") {
  const Saved saved(each_family()[0]);
  const Decoder decoder = load_model(saved.folder.path());
  const Decoder copy = decoder.trainable(2, 4, false);
  CHECK(at::equal(states_of(copy), states_of(decoder)));
  copy.blocks().release(0, 2);
  CHECK_FALSE(decoder.blocks().resident(0));
  CHECK(test::thrown_by([&] { copy.blocks().release(1, 3); }).code == Errc::FailedPrecondition);
}

TEST_CASE("bfloat16 weights answer nearly as float32 ones") {
  for (const Decoder& decoder : each_family()) {
    const Saved saved(decoder);
    const Decoder narrow = load_model(saved.folder.path(), at::kBFloat16);
    CHECK(narrow.block(0).weights().up.weight.scalar_type() == at::kBFloat16);
    const at::Tensor wide = states_of(decoder);
    CHECK(test_models::apart(states_of(narrow), wide) < 0.1 * wide.abs().max().item<double>());
  }
}

}  // namespace
}  // namespace lateral::model
