// What transformers makes of the same pictures with the same weights, recorded by tests/parity/make_vision_oracles.py.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>

#include "core/base/file.hpp"
#include "support.hpp"
#include "tests/support/catch.hpp"

using namespace lateral;
using format::json::Value;

namespace {

constexpr const char* kFamilies[] = {"vit", "deit", "dinov2", "clip", "siglip"};

struct Recorded {
  explicit Recorded(const std::string& name)
      : folder(test::vision_model(name)), file(format::json::read_file(folder / "expected.json")) {
    const Value written = file.at("pictures");
    for (std::size_t i = 0; i < written.size(); ++i)
      pixels.push_back(static_cast<std::uint8_t>(written[i].as_int(0, 255)));
    for (std::size_t i = 0; i < 4; ++i) shape.push_back(file.at("shape")[i].as_int());
  }
  std::filesystem::path folder;
  Value file;
  std::vector<std::uint8_t> pixels;
  std::vector<std::int64_t> shape;
};

/// The largest difference as a part of the largest number.
double difference(const Value& expected, const plugin::Matrix& found) {
  const auto values = found.values();
  if (expected.size() != values.size()) return 1.0;
  double largest = 0;
  double apart = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    largest = std::max(largest, std::abs(expected[i].as_double()));
    apart = std::max(apart, std::abs(expected[i].as_double() - static_cast<double>(values[i])));
  }
  return apart / largest;
}

void expect_recorded(const Recorded& recorded, const std::filesystem::path& model) {
  constexpr double kTolerance = 1e-5;
  const Value cases = recorded.file.at("cases");
  for (std::size_t i = 0; i < cases.size(); ++i) {
    INFO(model << ", case " << i);
    test::Vision vision(test::options_in(cases[i].at("options"), model));
    const auto tokens = vision.encode(recorded.pixels, recorded.shape);
    CHECK(difference(cases[i].at("tokens"), tokens.tokens) < kTolerance);
    REQUIRE(cases[i].find("scores").has_value() == tokens.scores.has_value());
    if (!tokens.scores) continue;
    CHECK(difference(cases[i].at("scores"), *tokens.scores) < kTolerance);
    REQUIRE(tokens.keys.has_value());
    CHECK(difference(cases[i].at("keys"), *tokens.keys) < kTolerance);
  }
}

std::string space(const std::filesystem::path& model, plugin::OptionMap options) {
  options["model"] = model.string();
  return test::Vision(std::move(options)).spec().token_space;
}

/// Of the directory's own token for each view.
std::string pooled_space(const std::filesystem::path& model) {
  return space(model, {{"tokens", std::string("pooled")}});
}

/// A tensor as transformers 5 calls it in its modules.
std::vector<format::TensorView> in_modules(format::TensorView tensor) {
  constexpr std::pair<std::string_view, std::string_view> kNames[] = {
      {"attention.attention.query", "attention.q_proj"},
      {"attention.attention.key", "attention.k_proj"},
      {"attention.attention.value", "attention.v_proj"},
      {"attention.output.dense", "attention.o_proj"},
      {"intermediate.dense", "mlp.fc1"},
      {"output.dense", "mlp.fc2"},
      {"mlp.weights_in", "mlp.up_proj"},
      {"mlp.weights_out", "mlp.down_proj"}};
  const bool both = tensor.name.find("mlp.weights_in") != std::string::npos;
  for (const auto& [old, next] : kNames) {
    if (const auto at = tensor.name.find(old); at != std::string::npos)
      tensor.name.replace(at, old.size(), next);
  }
  if (!both) return {tensor};
  tensor.shape[0] /= 2;
  format::TensorView gate = tensor;
  gate.name.replace(gate.name.find("up_proj"), 2, "gate");
  gate.bytes = tensor.bytes.first(tensor.bytes.size() / 2);
  tensor.bytes = tensor.bytes.last(gate.bytes.size());
  return {gate, tensor};
}

bool same_bits(const plugin::Matrix& a, const plugin::Matrix& b) {
  return a.values().size() == b.values().size() &&
         std::memcmp(a.values().data(), b.values().data(), a.values().size_bytes()) == 0;
}

}  // namespace

TEST_CASE("each family gives the tokens, scores and keys that transformers gives") {
  for (const char* const name : kFamilies) {
    const Recorded recorded(name);
    expect_recorded(recorded, recorded.folder);
  }
}

TEST_CASE("weights by the names of transformers 5's modules are the same model") {
  for (const char* const name : {"vit", "deit", "dinov2"}) {
    const test::ModelCopy copy(name);
    copy.rewrite_weights([&](const format::TensorView& tensor) {
      auto made = in_modules(tensor);
      const auto at = tensor.name.find("encoder.layer.");
      if (at != std::string::npos && std::string_view(name) != "dinov2")
        made[0].name.replace(at, std::string_view("encoder.layer.").size(), "layers.");
      return made;
    });
    expect_recorded(Recorded(name), copy.folder.path());
  }
}

TEST_CASE("SigLIP takes any pictures of as many patches, DINOv2 positions of any grid") {
  const test::ModelCopy siglip("siglip"), dinov2("dinov2");
  siglip.change("config.json", "\"image_size\": 27", "\"image_size\": 29");
  expect_recorded(Recorded("siglip"), siglip.folder.path());
  dinov2.change("config.json", "\"image_size\": 9", "\"image_size\": [27, 3]");
  expect_recorded(Recorded("dinov2"), dinov2.folder.path());
}

TEST_CASE("DINOv2's positions are those of a square of patches, whatever its image_size") {
  const Recorded recorded("dinov2");
  const test::ModelCopy square("dinov2"), tall("dinov2");
  tall.change("config.json", "\"image_size\": 9", "\"image_size\": [27, 3]");
  const auto tokens = [&](const test::ModelCopy& model, const std::string& size) {
    test::write_file(model.folder / "preprocessor_config.json",
                     R"({"do_center_crop": false, "size": )" + size + "}");
    test::Vision vision({{"model", model.folder.path().string()}, {"tokens", std::string("pooled")}});
    return vision.encode(recorded.pixels, recorded.shape);
  };
  for (const char* const size : {"[27, 3]", "[9, 9]", "[3, 27]", "[15, 9]"})
    CHECK(same_bits(tokens(square, size).tokens, tokens(tall, size).tokens));
}

TEST_CASE("a processor that is written another way is the same one") {
  const auto written = [](const char* family, const std::string& processor) {
    const test::ModelCopy copy(family);
    test::write_file(copy.folder / "preprocessor_config.json", processor);
    return pooled_space(copy.folder.path());
  };
  const auto usual = [](const char* family) { return pooled_space(test::vision_model(family)); };
  CHECK(written("vit", R"({"size": [12, 12]})") == usual("vit"));
  CHECK(written("deit", R"({"size": [32, 33], "crop_size": 28})") == usual("deit"));
  CHECK(written("clip", R"({"size": 24, "crop_size": [24, 24]})") == usual("clip"));
  CHECK(written("clip", R"({"size": 24, "default_to_square": true, "crop_size": 24})") != usual("clip"));
  CHECK(written("siglip", R"({"size": 27, "default_to_square": true})") == usual("siglip"));
}

TEST_CASE("an image processor of processor_config.json counts before preprocessor_config.json") {
  const auto usual = pooled_space(test::vision_model("vit"));
  const test::ModelCopy copy("vit");
  test::write_file(copy.folder / "processor_config.json",
                   R"({"processor_class": "CLIPProcessor", "image_processor": null})");
  CHECK(pooled_space(copy.folder.path()) == usual);
  test::write_file(
      copy.folder / "processor_config.json",
      R"({"image_processor": )" + read_text(copy.folder / "preprocessor_config.json", 1U << 20U) + "}");
  test::write_file(copy.folder / "preprocessor_config.json", R"({"size": 12, "resample": 3})");
  CHECK(pooled_space(copy.folder.path()) == usual);
  std::filesystem::remove(copy.folder / "preprocessor_config.json");
  CHECK(pooled_space(copy.folder.path()) == usual);
}

TEST_CASE("CLIP's older section counts, and heads of their own are those of ViT alone") {
  for (const char* const name : {"clip", "siglip"}) {
    const test::ModelCopy copy(name);
    copy.change("config.json", "\"hidden_size\": 8",
                "\"head_dim\": 3, \"qkv_bias\": false, \"hidden_size\": 8");
    CHECK(pooled_space(copy.folder.path()) == pooled_space(test::vision_model(name)));
  }
  const test::ModelCopy clip("clip");
  const auto tower = read_text(clip.folder / "config.json", 1U << 20U);
  for (const auto& sections :
       {R"("vision_config": {"hidden_size": 16, "hidden_act": "gelu"}, "vision_config_dict": )" + tower,
        R"("vision_config_dict": null, "vision_config": )" + tower}) {
    test::write_file(clip.folder / "config.json", R"({"model_type": "clip", )" + sections + "}");
    CHECK(pooled_space(clip.folder.path()) == pooled_space(test::vision_model("clip")));
  }
}

TEST_CASE("a vision transformer gives the same bits in a thread, in a process and in a sandbox") {
  const Recorded recorded("vit");
  const plugin::OptionMap options{{"model", recorded.folder.string()}, {"tokens", std::string("patch")}};
  std::vector<plugin::Tokens> results;
  for (auto place : {test::in_thread(), test::in_worker(), test::in_worker({}, {.sandbox = true})}) {
    test::Vision vision(options, std::move(place));
    results.push_back(vision.encode(recorded.pixels, recorded.shape));
    CHECK(vision.unload().unmapped());
  }
  for (const std::size_t other : {1U, 2U}) {
    CHECK(same_bits(results[0].tokens, results[other].tokens));
    CHECK(same_bits(*results[0].scores, *results[other].scores));
    CHECK(same_bits(*results[0].keys, *results[other].keys));
    CHECK(same_bits(*results[0].positions, *results[other].positions));
  }
}

TEST_CASE(
    "weights, preprocessing and the choice of tokens each make another token space, the number of views does "
    "not") {
  const auto vit = test::vision_model("vit");
  const test::TemporaryFolder folder;
  std::filesystem::copy(vit, folder.path(), std::filesystem::copy_options::recursive);
  const plugin::OptionMap two{{"layers", std::int64_t{2}}};
  const plugin::OptionMap one{{"layers", std::int64_t{1}}};
  const auto usual = space(vit, two);
  CHECK(space(folder.path(), two) == usual);
  CHECK(space(vit, {{"layers", std::int64_t{2}}, {"views", std::int64_t{3}}}) == usual);
  std::set<std::string> spaces{usual, space(vit, one), space(vit, {{"tokens", std::string("patch")}})};
  test::write_file(folder / "preprocessor_config.json", R"({"size": 12, "resample": 3})");
  spaces.insert(space(folder.path(), two));
  std::filesystem::copy(
      vit, folder.path(),
      std::filesystem::copy_options::recursive | std::filesystem::copy_options::overwrite_existing);
  auto bytes = read_text(folder / "model.safetensors", 1U << 20U);
  bytes[test::numbers_of(bytes, "embeddings.cls_token")] ^= 1;
  test::write_file(folder / "model.safetensors", bytes);
  spaces.insert(space(folder.path(), two));
  CHECK(spaces.size() == 5);
  for (const auto& one_space : spaces) CHECK(one_space.size() <= LAT_TOKEN_SPACE_MAX);
}

TEST_CASE(
    "fewer views than admitted give fewer tokens, and positions say which patch of which view each is") {
  const Recorded recorded("vit");
  test::Vision vision({{"model", recorded.folder.string()},
                       {"tokens", std::string("patch")},
                       {"pool", std::int64_t{2}},
                       {"views", std::int64_t{4}}});
  const auto tokens =
      vision.encode(recorded.pixels, recorded.shape);  // 3 by 3 patches: squares of 2 cut to 2 by 2
  CHECK(vision.spec().max_tokens == 16);
  REQUIRE(tokens.tokens.rows == 8);
  const auto last = tokens.positions->row(7);
  CHECK(std::vector<float>(last.begin(), last.end()) == std::vector<float>{1, 1, 1});
}
