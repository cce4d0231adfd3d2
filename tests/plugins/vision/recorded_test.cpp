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

bool same_bits(const plugin::Matrix& a, const plugin::Matrix& b) {
  return a.values().size() == b.values().size() &&
         std::memcmp(a.values().data(), b.values().data(), a.values().size_bytes()) == 0;
}

}  // namespace

TEST_CASE("each family gives the tokens, scores and keys that transformers gives") {
  constexpr double kTolerance = 1e-5;
  for (const char* const name : kFamilies) {
    const Recorded recorded(name);
    const Value cases = recorded.file.at("cases");
    for (std::size_t i = 0; i < cases.size(); ++i) {
      INFO(name << ", case " << i);
      test::Vision vision(test::options_in(cases[i].at("options"), recorded.folder));
      const auto tokens = vision.encode(recorded.pixels, recorded.shape);
      CHECK(difference(cases[i].at("tokens"), tokens.tokens) < kTolerance);
      REQUIRE(cases[i].find("scores").has_value() == tokens.scores.has_value());
      if (!tokens.scores) continue;
      CHECK(difference(cases[i].at("scores"), *tokens.scores) < kTolerance);
      REQUIRE(tokens.keys.has_value());
      CHECK(difference(cases[i].at("keys"), *tokens.keys) < kTolerance);
    }
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
  const auto space = [](const std::filesystem::path& model, plugin::OptionMap options = {}) {
    options["model"] = model.string();
    return test::Vision(std::move(options)).spec().token_space;
  };
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
