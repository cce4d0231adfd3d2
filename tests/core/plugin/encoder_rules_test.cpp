// What an encoder may declare, in a thread and in a worker alike.
#include <cmath>
#include <functional>

#include "core/plugin/encoder_spec.hpp"
#include "fixtures.hpp"
#include "tests/support/catch.hpp"

using namespace lateral;
using namespace lateral::plugin;

namespace {

EncoderSpec good() {
  EncoderSpec spec;
  spec.name = "eye";
  spec.token_space = "eye-1";
  spec.token_width = 1U << 16U;
  spec.max_tokens = 1U << 20U;
  spec.inputs = {{"readings", InputKind::Table, DType::F32, {-1, 2}, {"a", "b"}, "m", 0, false},
                 {"picture", InputKind::Image, DType::U8, {1, -1, -1, 3}, {}, {}, 0, true}};
  spec.extras = {{"scores", 1, {}, {}}, {"positions", 2, {"x", "y"}, "m"}};
  return spec;
}

}  // namespace

TEST_CASE("every rule of a declaration is kept, and its breach says what is wrong") {
  CHECK_NOTHROW(require_sound(good()));
  struct Case {
    std::function<void(EncoderSpec&)> change;
    const char* why;
  };
  const Case cases[] = {
      {[](auto& s) { s.name.clear(); }, "an encoder's name is missing"},
      {[](auto& s) { s.name.assign(65, 'x'); }, "an encoder's name has more than 64 bytes"},
      {[](auto& s) { s.token_width = 0; }, "token width 0"},
      {[](auto& s) { ++s.token_width; }, "token width 65537"},
      {[](auto& s) { s.max_tokens = 0; }, "max_tokens 0"},
      {[](auto& s) { ++s.max_tokens; }, "max_tokens 1048577"},
      {[](auto& s) { s.token_limit = -1; }, "token_limit -1"},
      {[](auto& s) { s.token_limit = NAN; }, "token_limit nan"},
      {[](auto& s) { s.token_limit = INFINITY; }, "token_limit inf"},
      {[](auto& s) { s.inputs.clear(); }, "declares 0 inputs"},
      {[](auto& s) { s.inputs.resize(65); }, "declares 65 inputs"},
      {[](auto& s) { s.inputs[1].name = "readings"; }, "two inputs are named \"readings\""},
      {[](auto& s) { s.inputs[0].kind = static_cast<InputKind>(99); }, "has the unknown kind 99"},
      {[](auto& s) { s.inputs[0].kind = static_cast<InputKind>(0); }, "has the unknown kind 0"},
      {[](auto& s) { s.inputs[1].dtype = DType::F32; }, "must be u8, as every image"},
      {[](auto& s) { s.inputs[1].shape.pop_back(); }, "has 3 axes; every image has 4"},
      {[](auto& s) { s.inputs[1].shape[0] = 0; }, "has an axis of 0"},
      {[](auto& s) { s.inputs[1].shape[0] = -2; }, "has an axis of -2"},
      {[](auto& s) { s.inputs[0].columns.pop_back(); }, "names 1 columns for an axis of 2"},
      {[](auto& s) { s.inputs[0].columns[1].clear(); }, "a column's name is missing"},
      {[](auto& s) { s.inputs[0].rate_hz = NAN; }, "has the rate nan"},
      {[](auto& s) { s.inputs[0].rate_hz = -1; }, "has the rate -1"},
      {[](auto& s) { s.inputs[0].rate_hz = 2e9; }, "has the rate 2e+09"},
      {[](auto& s) { s.inputs[0].shape[0] = (std::int64_t{1} << 62U) + 1; }, "more than 4 GiB"},
      {[](auto& s) {
         s.inputs[1].shape = {-1, std::int64_t{1} << 16U, (1 << 16U) / 3 + 1, 3};
       },
       "more than 4 GiB"},
      {[](auto& s) {
         s.inputs[0].columns.assign(4097, "x");
         s.inputs[0].shape[1] = 4097;
       },
       "names 4097 columns"},
      {[](auto& s) { s.extras[0].name = "colours"; }, "there is no extra output \"colours\""},
      {[](auto& s) { s.extras[0].width = 2; }, "scores must have width 1, not 2"},
      {[](auto& s) { s.extras[1].width = 0; }, "positions have width 0"},
      {[](auto& s) { s.extras[1].width = 65'537; }, "positions have width 65537"},
      {[](auto& s) { s.extras[1].axes.pop_back(); }, "positions name 1 axes for a width of 2"},
      {[](auto& s) { s.extras[1] = s.extras[0]; }, "two extra outputs are named \"scores\""},
  };
  for (const auto& [change, why] : cases) {
    auto spec = good();
    change(spec);
    const auto [code, text] = test::failure_of([&] { require_sound(spec); });
    CHECK(code == Errc::PluginFault);
    CAPTURE(text);
    CAPTURE(why);
    CHECK(text.find(why) != text.npos);
  }
}

TEST_CASE("a plugin has one encoder at least and sixty-four at most") {
  std::vector<EncoderSpec> specs;
  CHECK(test::failure_of([&] { require_sound(specs); }).second.find("0 encoders") != std::string::npos);
  for (int i = 0; i < 64; ++i) specs.emplace_back(good()).name += std::to_string(i);
  CHECK_NOTHROW(require_sound(specs));
  specs.push_back(good());
  CHECK(test::failure_of([&] { require_sound(specs); }).second.find("65 encoders") != std::string::npos);
  specs = {good(), good()};
  CHECK(test::failure_of([&] { require_sound(specs); }).second.find("two encoders are named") !=
        std::string::npos);
}
