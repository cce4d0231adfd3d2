// The built plugins behind their C border, with weights made up here.
#include <dlfcn.h>

#include <array>
#include <cmath>
#include <cstring>

#include <lateral/plugin.h>

#include "common/files.hpp"
#include "models/scenes/camera.hpp"
#include "models/scenes/lidar.hpp"
#include "plugins/common/network.hpp"
#include "plugins/common/panorama.hpp"
#include "plugins/common/range_view.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"

using namespace lateral;
using Catch::Contains;

namespace {

constexpr const char* kProgram =
    "conv 6 2 2; relu; conv 8 2 2; relu; tokens 24; linear 16; position; attention 4; mlp 32; norm";
constexpr std::int64_t kWidth = 16;

/// Random weights of that program for pictures of `rows` rows.
test::Arrays arrays_for(std::int64_t channels, std::int64_t rows) {
  Random random(77);
  const auto array = [&](std::vector<std::int64_t> shape, float scale) {
    return test::random_array(std::move(shape), random, scale);
  };
  const std::int64_t strip = 8 * ((rows + 3) / 4) * 4;
  return {{"0.weight", array({6, channels, 3, 3}, 0.3F)},
          {"0.bias", array({6}, 0.1F)},
          {"2.weight", array({8, 6, 3, 3}, 0.2F)},
          {"2.bias", array({8}, 0.1F)},
          {"5.weight", array({kWidth, strip}, 0.1F)},
          {"5.bias", array({kWidth}, 0.1F)},
          {"6.weight", array({24, kWidth}, 0.5F)},
          {"7.norm.weight", array({kWidth}, 1)},
          {"7.norm.bias", array({kWidth}, 0.1F)},
          {"7.qkv.weight", array({3 * kWidth, kWidth}, 0.3F)},
          {"7.qkv.bias", array({3 * kWidth}, 0.1F)},
          {"7.out.weight", array({kWidth, kWidth}, 0.3F)},
          {"7.out.bias", array({kWidth}, 0.1F)},
          {"8.norm.weight", array({kWidth}, 1)},
          {"8.norm.bias", array({kWidth}, 0.1F)},
          {"8.up.weight", array({32, kWidth}, 0.3F)},
          {"8.up.bias", array({32}, 0.1F)},
          {"8.down.weight", array({kWidth, 32}, 0.3F)},
          {"8.down.bias", array({kWidth}, 0.1F)},
          {"9.weight", array({kWidth}, 1)},
          {"9.bias", array({kWidth}, 0.1F)},
          {"head.weight", array({10, kWidth}, 0.5F)},
          {"head.bias", array({10}, 0.1F)}};
}

std::string file_for(std::int64_t channels, std::int64_t rows) {
  return test::safetensors(arrays_for(channels, rows), {{"network", kProgram}, {"token_space", "made-up-1"}});
}

/// One loaded plugin with one encoder, as small a host as can be.
class Loaded {
 public:
  Loaded(const std::string& name, const std::string& folder) : folder_(folder) {
    const auto path = test::build_folder() / "lib" / "lateral" / (name + ".lateral.so");
    library_ = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    REQUIRE(library_ != nullptr);
    const auto entry =
        reinterpret_cast<const lat_plugin* (*)(const lat_host*)>(::dlsym(library_, LAT_ENTRY_NAME));
    REQUIRE(entry != nullptr);
    host_ = {sizeof(lat_host),
             LAT_ABI_MINOR,
             folder_.c_str(),
             [](lat_ctx*, std::uint32_t, const char*, std::uint64_t) {},
             [](lat_ctx*) { return std::uint64_t{0}; },
             nullptr,
             nullptr};
    table_ = entry(&host_);
  }
  ~Loaded() {
    table_->shutdown(0, nullptr);
    ::dlclose(library_);
  }
  Loaded(const Loaded&) = delete;
  Loaded& operator=(const Loaded&) = delete;

  std::int32_t init(const std::vector<lat_kv>& options = {}) {
    std::vector<const lat_kv*> pointers;
    for (const auto& option : options) pointers.push_back(&option);
    const auto status =
        table_->init(nullptr, pointers.data(), static_cast<std::uint32_t>(pointers.size()), &error_);
    if (status == LAT_OK) REQUIRE(table_->create(0, nullptr, 0, &handle_, &error_) == LAT_OK);
    return status;
  }
  lat_encoder_info info() {
    lat_encoder_info info{};
    info.struct_size = sizeof info;
    REQUIRE(table_->encoder_info(0, &info, &error_) == LAT_OK);
    return info;
  }
  std::int32_t encode(const char* name, std::vector<std::int64_t> shape, void* data, std::uint8_t code) {
    lat_tensor in = tensor(name, shape, data, code);
    std::array<std::int64_t, 2> token_shape{24, kWidth}, one{24, 1};
    std::vector<std::int64_t> a(token_shape.begin(), token_shape.end()), b(one.begin(), one.end());
    tokens.assign(24 * kWidth, 0);
    scores.assign(24, 0);
    positions.assign(24, 0);
    std::array<lat_tensor, 3> out{tensor("tokens", a, tokens.data(), 2),
                                  tensor("scores", b, scores.data(), 2),
                                  tensor("positions", b, positions.data(), 2)};
    const std::array<const lat_tensor*, 1> ins{&in};
    const std::array<lat_tensor*, 3> outs{&out[0], &out[1], &out[2]};
    std::uint32_t n = 0, cancel = 0;
    lat_encode args{};
    args.struct_size = sizeof args;
    args.in = ins.data();
    args.out = outs.data();
    args.n_in = 1;
    args.n_out = 3;
    args.device_type = LAT_DEVICE_CPU;
    args.cancel_word = &cancel;
    args.n_tokens = &n;
    const auto status = table_->encode(handle_, &args, &error_);
    if (status == LAT_OK) CHECK(n == 24);
    return status;
  }
  std::string message() const { return text_.data(); }

  std::vector<float> tokens, scores, positions;

 private:
  static lat_tensor tensor(const char* name, std::vector<std::int64_t>& shape, void* data,
                           std::uint8_t code) {
    lat_tensor t{};
    t.struct_size = sizeof t;
    t.name = name;
    t.dl = {data,    LAT_DEVICE_CPU,
            0,       static_cast<std::int32_t>(shape.size()),
            code,    static_cast<std::uint8_t>(code == 1 ? 8 : 32),
            1,       shape.data(),
            nullptr, 0};
    return t;
  }

  std::string folder_;
  std::array<char, 512> text_{};
  lat_err error_{sizeof(lat_err), 0, 0, 0, 512, text_.data()};
  void* library_ = nullptr;
  lat_host host_{};
  const lat_plugin* table_ = nullptr;
  std::uint64_t handle_ = 0;
};

lat_kv text_option(const char* key, const char* value) {
  lat_kv kv{};
  kv.struct_size = sizeof kv;
  kv.type = LAT_KV_STR;
  kv.key = key;
  kv.str = value;
  kv.count = std::strlen(value);
  return kv;
}

lat_kv flag(const char* key, bool value) {
  lat_kv kv{};
  kv.struct_size = sizeof kv;
  kv.type = LAT_KV_BOOL;
  kv.key = key;
  kv.i64 = value ? 1 : 0;
  return kv;
}

plugins::Matrix expected_tokens(const std::string& file, plugins::Signal in) {
  const auto weights = plugins::Weights::parse(file, "test");
  return plugins::Network(weights.note("network"), weights).run(std::move(in)).values;
}

bool same(const plugins::Matrix& expected, const std::vector<float>& tokens) {
  return std::equal(tokens.begin(), tokens.end(), expected.data(), expected.data() + expected.size());
}

}  // namespace

TEST_CASE("an encoder without its weights says which file it wants") {
  const test::TemporaryFolder folder;
  for (const char* const name : {"camera", "lidar"}) {
    Loaded plugin(name, folder.path().string());
    CHECK(plugin.init() == LAT_NOT_FOUND);
    CHECK_THAT(plugin.message(), Contains((folder / (std::string(name) + ".safetensors")).string()));
  }
}

TEST_CASE("weights of the other sensor are found out at load") {
  const test::TemporaryFolder folder;
  test::write_file(folder / "camera.safetensors", file_for(4, 20));
  Loaded plugin("camera", folder.path().string());
  CHECK(plugin.init() == LAT_DATA_LOSS);
  CHECK_THAT(plugin.message(), Contains("conv"));
}

TEST_CASE("an option that nobody knows is refused by name") {
  const test::TemporaryFolder folder;
  test::write_file(folder / "camera.safetensors", file_for(3, 40));
  Loaded plugin("camera", folder.path().string());
  CHECK(plugin.init({text_option("wieghts", "x")}) == LAT_INVALID_ARGUMENT);
  CHECK_THAT(plugin.message(), Contains("wieghts"));
}

TEST_CASE("the camera refuses fewer than six views") {
  const test::TemporaryFolder folder;
  test::write_file(folder / "camera.safetensors", file_for(3, 40));
  Loaded plugin("camera", folder.path().string());
  REQUIRE(plugin.init() == LAT_OK);
  std::vector<std::uint8_t> pixels(5 * 40 * 64 * 3);
  CHECK(plugin.encode("image", {5, 40, 64, 3}, pixels.data(), 1) == LAT_INVALID_ARGUMENT);
  CHECK_THAT(plugin.message(), Contains("6 RGB views"));
}

TEST_CASE("the camera plugin gives the network's tokens, scores and bearings, the same each time") {
  const test::TemporaryFolder folder;
  test::write_file(folder / "other.safetensors", file_for(3, 40));
  Loaded plugin("camera", folder.path().string());
  REQUIRE(plugin.init({text_option("weights", "other.safetensors")}) == LAT_OK);
  const lat_encoder_info info = plugin.info();
  CHECK(std::string(info.token_space) == "made-up-1");
  CHECK(info.token_width == kWidth);
  CHECK(info.max_tokens == 24);
  CHECK((info.flags & LAT_ENCODER_DETERMINISTIC) != 0);

  auto ring = scenes::render_camera(scenes::make_scene(5, 5), {60, 100, false, 1});
  REQUIRE(plugin.encode("image", {6, 60, 100, 3}, ring.pixels.data(), 1) == LAT_OK);
  CHECK(
      same(expected_tokens(file_for(3, 40), plugins::panorama(ring.pixels.data(), 60, 100)), plugin.tokens));
  for (const float score : plugin.scores) CHECK((score >= 0 && score <= 1));
  CHECK(plugin.positions.front() == 337.5F);
  CHECK(plugin.positions[2] == 7.5F);
  const auto first = plugin.tokens;
  REQUIRE(plugin.encode("image", {6, 60, 100, 3}, ring.pixels.data(), 1) == LAT_OK);
  CHECK(plugin.tokens == first);
}

TEST_CASE("the LiDAR plugin takes points with and without motion") {
  const test::TemporaryFolder folder;
  test::write_file(folder / "lidar.safetensors", file_for(4, 20));
  auto cloud = scenes::render_lidar(scenes::make_scene(5, 5));
  const auto n = static_cast<std::int64_t>(cloud.count());
  {
    Loaded plugin("lidar", folder.path().string());
    REQUIRE(plugin.init() == LAT_OK);
    CHECK(plugin.info().inputs[0]->n_columns == 5);
    REQUIRE(plugin.encode("points", {n, 5}, cloud.values.data(), 2) == LAT_OK);
    CHECK(same(expected_tokens(file_for(4, 20), plugins::range_view(cloud.values.data(), n, 5)),
               plugin.tokens));
    CHECK(plugin.encode("points", {n, 4}, cloud.values.data(), 2) == LAT_INVALID_ARGUMENT);
  }
  Loaded plugin("lidar", folder.path().string());
  REQUIRE(plugin.init({flag("motion", false)}) == LAT_OK);
  CHECK(plugin.info().inputs[0]->n_columns == 4);
  REQUIRE(plugin.encode("points", {n * 5 / 4, 4}, cloud.values.data(), 2) == LAT_OK);
}
