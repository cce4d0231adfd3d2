// What comes out of shared memory may be anything.
#include <random>

#include "core/plugin/status.hpp"
#include "core/plugin/worker/messages.hpp"
#include "fixtures.hpp"
#include "tests/support/catch.hpp"

using namespace lateral;
using namespace lateral::plugin;
namespace wire = lateral::plugin::worker;

namespace {

EncoderSpec spec() {
  EncoderSpec spec;
  spec.name = "eye";
  spec.token_space = "eye-1";
  spec.token_width = 4;
  spec.max_tokens = 8;
  spec.inputs.push_back({"readings", InputKind::Table, DType::F32, {-1, 2}, {"a", "b"}, "m", 0, false});
  spec.extras.push_back({"keys", 3, {}, "m"});
  return spec;
}

template <typename Message>
std::vector<std::byte> packed(const Message& message) {
  wire::Writer out;
  write(out, message);
  return {out.bytes().begin(), out.bytes().end()};
}

}  // namespace

TEST_CASE("messages arrive as they were sent") {
  auto first = spec();
  first.name += " too";
  const auto encoders = wire::parse<wire::EncodersReply>(packed(wire::EncodersReply{{first, spec()}}));
  REQUIRE(encoders.encoders.size() == 2);
  CHECK(encoders.encoders[1] == spec());
  const OptionMap options{{"a", std::string("text")},
                          {"b", std::int64_t{-7}},
                          {"c", 0.5},
                          {"d", true},
                          {"e", std::vector<std::int64_t>{1, 2}},
                          {"f", std::vector<std::uint8_t>{0, 255}}};
  CHECK(wire::parse<OptionMap>(packed(options)) == options);
}

TEST_CASE("names and reasons that would spoil a terminal are refused or shown escaped") {
  auto odd = spec();
  odd.name = "\x1B[2J";
  const auto refused =
      test::failure_of([&] { wire::parse<wire::EncodersReply>(packed(wire::EncodersReply{{odd}})); });
  CHECK(refused.first == Errc::PluginFault);
  CHECK(refused.second.find("an encoder's name is not printable UTF-8: \\x1B[2J") != std::string::npos);
  odd = spec();
  odd.extras[0].name = std::string(1000, '\xFF');
  CHECK(test::failure_of([&] {
          wire::parse<wire::EncodersReply>(packed(wire::EncodersReply{{odd}}));
        }).second.size() < 400);
  const auto reason =
      test::failure_of([] { throw_unless_ok(LAT_DATA_LOSS, "\x1B[2J" + std::string(5000, 'x'), "init"); });
  CHECK(reason.second.starts_with("init: \\x1B[2Jxxx"));
  CHECK(reason.second.size() < 1100);
}

TEST_CASE("a message cut short, too long or with flipped bits is refused or read, never believed") {
  const auto good = packed(wire::EncodersReply{{spec()}});
  for (std::size_t size = 0; size < good.size(); ++size) {
    CHECK_THROWS_AS(wire::parse<wire::EncodersReply>(std::span(good).first(size)), Error);
  }
  auto longer = good;
  longer.push_back(std::byte{0});
  CHECK_THROWS_AS(wire::parse<wire::EncodersReply>(longer), Error);
  std::mt19937 random(1);
  for (int i = 0; i < 20'000; ++i) {
    auto bytes = good;
    bytes[random() % bytes.size()] ^= std::byte(1U << (random() % 8));
    try {
      const auto reply = wire::parse<wire::EncodersReply>(bytes);
      CHECK_NOTHROW(require_sound(reply.encoders));
    } catch (const Error& error) {
      CHECK(error.code() == Errc::PluginFault);
    }
  }
}

TEST_CASE("a count that the message has no room for allocates nothing") {
  wire::Writer out;
  out.number(std::uint32_t{0xFFFFFFFF});
  CHECK_THROWS_AS(wire::parse<wire::EncodersReply>(out.bytes()), Error);
  CHECK_THROWS_AS(wire::parse<OptionMap>(out.bytes()), Error);
}

TEST_CASE("an error code that does not exist is nonsense") {
  CHECK_THROWS_AS(wire::parse<wire::Failure>(packed(wire::Failure{static_cast<Errc>(99), "x", false})),
                  Error);
}
