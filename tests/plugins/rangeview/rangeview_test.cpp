// The plugin with a small ViT whose tokens transformers has computed (tests/parity/rangeview_oracle.py).
#include <cmath>
#include <cstring>
#include <limits>

#include "core/base/file.hpp"
#include "core/format/json.hpp"
#include "core/plugin/plugin_host.hpp"
#include "core/tensor/settings.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"

using namespace lateral;

namespace {

const std::filesystem::path kFixture = test::repository() / "tests/fixtures/rangeview";

/// These options and the fixture's weights, unless they name others.
plugin::OptionMap with(plugin::OptionMap options = {}) {
  options.emplace("weights", kFixture.string());
  return options;
}

plugin::OptionMap options_of(const format::json::Value& value) {
  plugin::OptionMap options;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const std::string key(value.key(i));
    if (value[i].is(format::json::Kind::String)) options[key] = std::string(value[i].as_string());
    if (value[i].is(format::json::Kind::Integer)) options[key] = value[i].as_int();
    if (value[i].is(format::json::Kind::Bool)) options[key] = value[i].as_bool();
  }
  return with(std::move(options));
}

std::vector<float> points_of(const format::json::Value& rows) {
  std::vector<float> points;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (std::size_t j = 0; j < rows[i].size(); ++j) {
      const auto cell = rows[i][j];
      points.push_back(cell.is(format::json::Kind::Null) ? std::numeric_limits<float>::quiet_NaN()
                                                         : static_cast<float>(cell.as_double()));
    }
  }
  return points;
}

/// The plugin, loaded with some options.
class Loaded {
 public:
  explicit Loaded(plugin::OptionMap options, plugin::Isolation isolation = plugin::Isolation::Thread) {
    tensor::fix_threads(1);
    host_.load("rangeview",
               {.options = std::move(options), .isolation = isolation, .worker = {.threads = 1}});
    encoder_ = host_.make_encoder("rangeview");
  }
  plugin::Tokens see(const std::vector<float>& points, std::int64_t columns = 4) const {
    std::vector<std::string> names = {"x", "y", "z", "intensity", "ring"};
    names.resize(static_cast<std::size_t>(columns));
    const plugin::Input input{
        "points",           plugin::InputKind::Points,
        plugin::DType::F32, {static_cast<std::int64_t>(points.size()) / columns, columns},
        points.data(),      names};
    return encoder_->encode({&input, 1});
  }
  const plugin::Encoder& encoder() const { return *encoder_; }
  bool unload() {
    encoder_.reset();
    return host_.unload("rangeview").unmapped();
  }

 private:
  plugin::PluginHost host_{{test::build_folder() / "lib/lateral"}};
  std::unique_ptr<plugin::Encoder> encoder_;
};

std::vector<float> numbers(const plugin::Matrix& matrix) {
  return {matrix.values().begin(), matrix.values().end()};
}

std::string refusal(plugin::OptionMap options) {
  return test::thrown_by([&] { const Loaded loaded(with(std::move(options))); }).message;
}

format::json::Value expected() {
  return format::json::read_file(kFixture / "expected.json");
}

}  // namespace

TEST_CASE("options and weights that cannot work are refused by name") {
  CHECK(refusal({{"weights", std::string("/nowhere")}}).find("/nowhere") != std::string::npos);
  CHECK(refusal({{"bands", std::int64_t{3}}}).find("bands must divide 4 and sectors 8") != std::string::npos);
  CHECK(refusal({{"projection", std::string("waymo")}}).find("nuscenes") != std::string::npos);
  CHECK(refusal({{"mean", std::string("1 2 3")}}).find("five numbers") != std::string::npos);
  CHECK(refusal({{"std", std::string("1 2 3 4 0")}}).find("std must be positive") != std::string::npos);
  CHECK(refusal({{"fov_up", -40.0}}).find("fov_up") != std::string::npos);
}

TEST_CASE("a config.json that is no ViT of range images is refused by name") {
  for (const auto& [from, to] :
       {std::pair("\"vit\"", "\"bert\""), std::pair("\"num_channels\": 5", "\"num_channels\": 3"),
        std::pair("\"hidden_size\": 12", "\"hidden_size\": 1e18"),
        std::pair("\"num_attention_heads\": 3", "\"num_attention_heads\": 5"),
        std::pair("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3"),
        std::pair("\"hidden_size\": 12", "\"hidden_size\": 24")}) {
    const test::TemporaryFolder folder;
    std::string config = read_text(kFixture / "config.json", 1U << 20U);
    REQUIRE(config.find(from) != config.npos);
    config.replace(config.find(from), std::strlen(from), to);
    test::write_file(folder / "config.json", config);
    std::filesystem::copy(kFixture / "model.safetensors", folder / "model.safetensors");
    INFO(to);
    CHECK_FALSE(refusal({{"weights", folder.path().string()}}).empty());
  }
}

TEST_CASE("a sweep gives the tokens of transformers' ViT, averaged, whatever the options") {
  const auto record = expected();
  const std::vector<float> points = points_of(record.at("points"));
  const auto cases = record.at("cases");
  REQUIRE(cases.size() == 4);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const Loaded loaded(options_of(cases[i].at("options")));
    const plugin::Tokens found = loaded.see(points);
    const auto rows = cases[i].at("tokens");
    REQUIRE(found.tokens.rows == static_cast<std::int64_t>(rows.size()));
    double apart = 0;
    for (std::size_t row = 0; row < rows.size(); ++row) {
      for (std::size_t column = 0; column < rows[row].size(); ++column) {
        const float number = found.tokens.values()[row * rows[row].size() + column];
        apart = std::max(apart, std::abs(number - rows[row][column].as_double()));
      }
    }
    INFO("case " << i);
    CHECK(apart < 1e-5);
  }
}

TEST_CASE("every token says where it looks and how much returned from there") {
  const Loaded loaded(with({{"bands", std::int64_t{2}}, {"sectors", std::int64_t{4}}}));
  const plugin::Tokens seen = loaded.see({10, -10, 1, 50});
  REQUIRE(seen.positions);
  REQUIRE(seen.scores);
  CHECK(seen.position_axes == std::vector<std::string>{"bearing", "elevation"});
  CHECK(numbers(*seen.positions) ==
        std::vector<float>{-135, 0, -45, 0, 45, 0, 135, 0, -135, -20, -45, -20, 45, -20, 135, -20});
  const float share = 1.0F / (4 * 16);  // one cell of a token's
  CHECK(numbers(*seen.scores) == std::vector<float>{0, 0, share, 0, 0, 0, 0, 0});
}

TEST_CASE("a sweep without points, with one and with nothing but damage is a picture like any other") {
  const Loaded loaded(with());
  const auto empty = numbers(loaded.see({}).tokens);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK(numbers(loaded.see({nan, nan, nan, nan, 0, 0, 0, 0, 1e30F, 0, 0, 1}).tokens) == empty);
  CHECK(numbers(loaded.see({5, 1, 0, 3}).tokens) != empty);
  CHECK(std::all_of(empty.begin(), empty.end(), [](float v) { return std::isfinite(v); }));
  CHECK(numbers(loaded.see({5, 1, 0, 3, 7}, 5).tokens) == numbers(loaded.see({5, 1, 0, 3}).tokens));
  CHECK_FALSE(test::thrown_by([&] { loaded.see({5, 1, 0}, 3); }).message.empty());
}

TEST_CASE("a token space belongs to weights, projection and averages") {
  const auto space = [](plugin::OptionMap options) {
    const Loaded loaded(with(std::move(options)));
    return loaded.encoder().spec().token_space;
  };
  const std::string plain = space({});
  CHECK(plain == space({}));
  CHECK(plain != space({{"projection", std::string("kitti")}}));
  CHECK(plain != space({{"sectors", std::int64_t{2}}}));
  CHECK(plain != space({{"as_published", true}}));
}

TEST_CASE("the range view gives the same bits in a thread and in a process, and leaves both") {
  const std::vector<float> points = points_of(expected().at("points"));
  std::vector<std::vector<float>> results;
  for (const auto isolation : {plugin::Isolation::Thread, plugin::Isolation::Process}) {
    Loaded loaded(with(), isolation);
    results.push_back(numbers(loaded.see(points).tokens));
    CHECK(loaded.unload());
  }
  CHECK(std::memcmp(results[0].data(), results[1].data(), results[0].size() * sizeof(float)) == 0);
}
