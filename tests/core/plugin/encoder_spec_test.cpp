// Declarations as a plugin's table gives them, which may be anything, and inputs that are held against them.
#include "core/plugin/encoder_spec.hpp"

#include <functional>

#include "core/plugin/input_binding.hpp"
#include "core/plugin/self_test.hpp"
#include "fixtures.hpp"
#include "tests/support/catch.hpp"

using namespace lateral;
using namespace lateral::plugin;
using test::failure_of;

namespace {

/// What the functions below give; they get no argument of ours.
struct Given {
  std::int64_t shape[9] = {-1, 2, 1, 1, 1, 1, 1, 1, 1};
  const char* columns[2] = {"a", "b"};
  lat_input_info input{.struct_size = sizeof(lat_input_info),
                       .flags = LAT_INPUT_OPTIONAL,
                       .name = "readings",
                       .kind = LAT_INPUT_TABLE,
                       .dtype = LAT_DTYPE_F32,
                       .ndim = 2,
                       .n_columns = 2,
                       .shape = shape,
                       .columns = columns,
                       .units = nullptr,
                       .rate_hz = 0};
  const lat_input_info* inputs[1] = {&input};
  lat_encoder_info encoder{};
  lat_token_output output{sizeof(lat_token_output), 0, &describe};
  std::uint32_t count = 1;
  std::int32_t described = LAT_OK;

  Given() {
    encoder.struct_size = sizeof encoder;
    encoder.name = "eye";
    encoder.token_space = "eye-1";
    encoder.token_width = 4;
    encoder.max_tokens = 8;
    encoder.token_dtype = LAT_DTYPE_F32;
    encoder.n_inputs = 1;
    encoder.inputs = inputs;
  }
  static std::int32_t describe(std::uint32_t, lat_token_output_info* info, lat_err*) {
    info->width = 1;
    return given->described;
  }
  static Given* given;
};
Given* Given::given = nullptr;

/// Reads what is given after `change`.
EncoderSpec read(const std::function<void(Given&)>& change = {}) {
  Given given;
  Given::given = &given;
  if (change) change(given);
  lat_plugin table{};
  table.encoder_count = [](std::uint32_t* count, lat_err*) -> std::int32_t {
    *count = Given::given->count;
    return LAT_OK;
  };
  table.encoder_info = [](std::uint32_t, lat_encoder_info* info, lat_err*) -> std::int32_t {
    *info = Given::given->encoder;
    return LAT_OK;
  };
  table.get_capability = [](const char* name) -> const void* {
    return std::string_view(name) == LAT_CAP_TOKEN_SCORES ? &Given::given->output : nullptr;
  };
  read_encoder_count(table);
  return read_encoder_spec(table, 0);
}

Input input_of(std::vector<std::int64_t> shape, std::vector<std::string> columns, const float* values) {
  return {"readings", InputKind::Table, DType::F32, std::move(shape), values, std::move(columns)};
}

}  // namespace

TEST_CASE("what a table declares is read, with its flags") {
  const auto spec = read();
  CHECK(spec.inputs[0].columns == std::vector<std::string>{"a", "b"});
  CHECK(spec.inputs[0].optional);
  CHECK_FALSE(spec.deterministic);
  CHECK(spec.extra("scores") != nullptr);
  CHECK(read([](Given& g) { g.encoder.flags = LAT_ENCODER_DETERMINISTIC; }).deterministic);
  CHECK(read([](Given& g) { g.described = LAT_NOT_FOUND; }).extras.empty());
}

TEST_CASE("numbers and pointers of a table that cannot be are refused before they are followed") {
  struct Case {
    std::function<void(Given&)> change;
    const char* why;
  };
  const Case cases[] = {
      {[](Given& g) { g.count = 0; }, "says it has 0 encoders"},
      {[](Given& g) { g.count = 65; }, "says it has 65 encoders"},
      {[](Given& g) { g.encoder.n_inputs = 65; }, "declares 65 inputs"},
      {[](Given& g) { g.encoder.inputs = nullptr; }, "declares 1 inputs"},
      {[](Given& g) { g.inputs[0] = nullptr; }, "declares an input that is NULL"},
      {[](Given& g) { g.input.ndim = 1U << 30U; }, "has 1073741824 axes"},
      {[](Given& g) { g.input.shape = nullptr; }, "has 2 axes"},
      {[](Given& g) { g.input.n_columns = 5000; }, "a column's name: 5000 of them"},
      {[](Given& g) { g.input.columns = nullptr; }, "a column's name: 2 of them"},
      {[](Given& g) { g.input.dtype = 99; }, "is neither u8 nor f32"},
      {[](Given& g) { g.encoder.token_dtype = LAT_DTYPE_U8; }, "tokens of \"eye\" must be f32"},
      {[](Given& g) { g.output.describe = nullptr; }, "describe is NULL"},
  };
  for (const auto& [change, why] : cases) {
    CAPTURE(why);
    const auto [code, text] = failure_of([&, &change = change] { read(change); });
    CHECK(code == Errc::PluginFault);
    CAPTURE(text);
    CHECK(text.find(why) != text.npos);
  }
}

TEST_CASE("an input of another type, rate or shape is refused, and columns are picked where all are there") {
  auto spec = read();
  const float values[] = {1, 2, 3, 4, 5, 6};
  const auto refusal = [&](const Input& input) {
    return failure_of([&] { InputBinding(spec.inputs[0], input); }).second;
  };
  const auto wide = input_of({2, 3}, {"b", "x", "a"}, values);
  const InputBinding picked(spec.inputs[0], wide);
  std::array<float, 4> written{};
  picked.write(reinterpret_cast<std::byte*>(written.data()));
  CHECK(written == std::array<float, 4>{3, 1, 6, 4});

  auto other = input_of({3, 2}, {}, values);
  other.dtype = DType::U8;
  CHECK(refusal(other).find("is u8, wanted is f32") != std::string::npos);
  CHECK(refusal(input_of({6}, {"b", "a"}, values)).find("names 2 columns for shape [6]") !=
        std::string::npos);
  CHECK(refusal(input_of({2, 3}, {"b", "a"}, values)).find("names 2 columns for shape [2, 3]") !=
        std::string::npos);
  spec.inputs[0].rate_hz = 50;
  other = input_of({3, 2}, {}, values);
  other.rate_hz = 25;
  CHECK(refusal(other).find("has 25 Hz, wanted are 50 Hz") != std::string::npos);
  CHECK(bind_inputs(spec, {}).empty());  // it is optional
}

TEST_CASE("made-up inputs fit their declaration: columns, rate, more than one element, text that is text") {
  auto spec = read();
  spec.inputs[0].optional = false;
  spec.inputs.push_back({"sound", InputKind::Audio, DType::F32, {-1}, {}, {}, 8000, false});
  spec.inputs.push_back({"words", InputKind::Text, DType::U8, {-1}, {}, {}, 0, false});
  const SyntheticSample sample(spec);
  const auto bound = bind_inputs(spec, sample.inputs());
  REQUIRE(bound.size() == 3);
  for (const auto& input : bound) CHECK(input.shape()[0] > 1);
  CHECK(sample.inputs()[0].columns == spec.inputs[0].columns);
  const auto& words = sample.inputs()[2];
  CHECK(std::string(static_cast<const char*>(words.data), static_cast<std::size_t>(words.shape[0])) ==
        std::string(static_cast<std::size_t>(words.shape[0]), 'a'));
  spec.inputs[1].shape = {std::int64_t{1} << 30U};
  CHECK(failure_of([&] {
          SyntheticSample unused(spec);
        }).second.find("\"sound\" is too large to be made up") != std::string::npos);
}
