#include "core/config/manifest.hpp"

#include <string>

#include "tests/support/catch.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/hostile.hpp"

using namespace lateral;
using config::Manifest;
using config::parse_manifest;
using test::thrown_by;

namespace {

const std::string kHash(64, 'a');
const std::string kGood = "sha256 = \"" + kHash + R"("
id = "radar"
version = "1.2.0"
abi = "1.0"
licence = "Apache-2.0"
threads = "own"
unload = "resident"
glibc = "2.31"
capabilities = ["lateral.token-scores/1"]

[[encoder]]
name = "near"
modality = "radar"
token_space = "radar-near-1"
token_width = 32
max_tokens = 24

[[encoder.input]]
name = "sweep"
kind = "points"
shape = [-1, 3]
columns = ["x", "y", "speed"]
optional = true

[options.range]
type = "number"
min = 1
max = 250
description = "metres"

[options.mode]
type = "text"
choices = ["fast", "fine"]
)";

test::Thrown refused(const std::string& text) {
  return thrown_by([&] { parse_manifest(text, "radar.lateral.toml", 0); });
}

std::string with(const std::string& from, const std::string& to) {
  auto text = kGood;
  text.replace(text.find(from), from.size(), to);
  return text;
}

config::Option option(const std::string& key, config::OptionValue value) {
  return {key, std::move(value), {"night.toml", 12, 7}};
}

}  // namespace

TEST_CASE("a manifest that is huge, deep, cut or no TOML is refused, and costs neither stack nor time") {
  CHECK(refused(kGood + std::string(1 << 17U, '\n')).mentions("larger than any manifest"));
  std::string deep = "a";
  for (int i = 0; i < 30'000; ++i) deep += ".a";
  CHECK(refused(deep + " = 1").mentions("more than"));
  CHECK(refused(std::string(2000, '[')).mentions("not TOML"));
  CHECK(refused("id = ").mentions("not TOML"));
  CHECK(refused("id = \"\xff\xfe\"").code == Errc::InvalidArgument);
}

TEST_CASE("a damaged manifest gives a manifest or an error, never anything else") {
  const auto read = [](std::span<const std::byte> bytes) {
    parse_manifest({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, "x.lateral.toml", 0);
  };
  test::check_flips(test::to_bytes(kGood), read, 2000);
}

TEST_CASE("all mistakes of a manifest are told at once, each with its place") {
  const auto failure = refused(R"(id = "a b"
version = 3
abi = "one"
sha256 = "abc"
unload = "never"
licnce = "MIT"
[[encoder]]
max_tokens = 0
[[encoder.input]]
name = "x"
kind = "smell"
shape = [0, 1]
[options.gain]
type = "number"
choices = ["a"]
unpack = "model/"
[options.file]
type = "path"
unpack = "model"
)");
  CHECK(failure.code == Errc::InvalidArgument);
  for (const char* const part :
       {"radar.lateral.toml:1:6: id", ":2:11: version", ":3:7: abi", ":4:10: sha256", ":5:10: unload",
        ":6:1: licnce: unknown key; did you mean \"licence\"?", ":7:1: encoder.0.name: this key is needed",
        ":8:14: encoder.0.max_tokens", ":11:8: encoder.0.input.0.kind", ":12:9: encoder.0.input.0.shape",
        ":15:11: options.gain.choices: only texts have choices",
        ":16:10: options.gain.unpack: only paths name archives",
        ":19:10: options.file.unpack: expected a folder in the archive"}) {
    INFO(part);
    CHECK(failure.mentions(part));
  }
}

TEST_CASE("a path may say what of an archive a sandbox gets unpacked") {
  const auto manifest = parse_manifest(
      with("type = \"text\"\nchoices = [\"fast\", \"fine\"]", "type = \"path\"\nunpack = \"data/model/\""),
      "radar.lateral.toml", 0);
  CHECK(manifest.options.back().unpack == "data/model/");
}

TEST_CASE("texts of a manifest cannot reach into the terminal that shows them") {
  CHECK(refused(with("metres", "\\u001b[2J")).mentions("one line"));
  CHECK(refused(with("1.2.0", "1\\n0")).mentions("one line"));
  CHECK(refused(with("lateral.token-scores/1", std::string(65, 'x'))).mentions("at most 64 bytes"));
  CHECK(refused(with("\"fine\"]",
                     "\"fine\"]\n[[encoder]]\nname = \"near\"\n[[encoder.input]]\nname = \"a\"\n"
                     "kind = \"raw\""))
            .mentions("is taken"));
}

TEST_CASE("every bound of a manifest is kept, on the side where it is broken") {
  struct Case {
    const char* from;
    std::string to;
    const char* why;
  };
  std::string many = "\"c\"";
  for (int i = 0; i < 256; ++i) many += ", \"c\"";
  const Case cases[] = {
      {"Apache-2.0", std::string(65, 'x'), "licence: expected one line of at most 64 bytes"},
      {"metres", "\\u007f", "description: expected one line"},
      {"\"speed\"", "\"\\u001b[2J\"", "columns: expected at most 256 texts"},
      {"\"lateral.token-scores/1\"", many, "capabilities: expected at most 256 texts"},
      {"[-1, 3]", "[-2, 3]", "shape: expected a list of sizes"},
      {"[-1, 3]", "[-1, 1099511627777]", "shape: expected a list of sizes"},
      {"[-1, 3]", "[1, 1, 1, 1, 1, 1, 1, 1, 1]", "shape: expected a list of sizes"},
      {"[-1, 3]", "[]", "shape: expected a list of sizes"},
      {"kind = \"points\"", "", "encoder.0.input.0.kind: this key is needed"},
      {"type = \"number\"", "", "options.range.type: this key is needed"},
      {"type = \"text\"", "type = \"text\"\nmin = 1", "min: only numbers have bounds"},
      {"1.2.0", "1.2.0-release.99", "version: expected one line of at most 15 bytes"},
      {"\"1.0\"", "\".0\"", "abi: expected the ABI"},
      {"\"1.0\"", "\"1.\"", "abi: expected the ABI"},
      {kHash.c_str(), std::string(64, 'A'), "sha256: expected 64 hexadecimal digits"},
      {"2.31", "2.x", "glibc: expected a version"},
  };
  for (const auto& [from, to, why] : cases) {
    CAPTURE(to);
    CHECK(refused(with(from, to)).mentions(why));
  }
  CHECK_NOTHROW(parse_manifest(with("[-1, 3]", "[-1, 1099511627776]"), "radar.lateral.toml", 0));
  CHECK(refused(kGood.substr(0, kGood.find("[[encoder]]"))).mentions("encoder: this key is needed"));
  const auto no_input = kGood.substr(0, kGood.find("[[encoder.input]]"));
  CHECK(refused(no_input).mentions("encoder.0.input: this key is needed"));
}

TEST_CASE("a good manifest is read whole") {
  const Manifest manifest = parse_manifest(kGood, "radar.lateral.toml", 0);
  CHECK(manifest.id == "radar");
  CHECK(manifest.sha256 == kHash);
  CHECK(manifest.threads == "own");
  CHECK(manifest.unload == "resident");
  CHECK(manifest.glibc == "2.31");
  REQUIRE(manifest.encoders.size() == 1);
  CHECK(manifest.encoders[0].token_space == "radar-near-1");
  REQUIRE(manifest.encoders[0].inputs.size() == 1);
  CHECK(manifest.encoders[0].inputs[0].shape == std::vector<std::int64_t>{-1, 3});
  CHECK(manifest.encoders[0].inputs[0].optional);
  CHECK(manifest.options.size() == 2);
}

TEST_CASE("NAME in an option stands for any one part of it, and options may decide the inputs") {
  const std::string text = R"(id = "any"
version = "1"
abi = "1.0"
sha256 = ")" + std::string(kHash) +
                           R"("
[[encoder]]
name = "e"
any_inputs = true
[options."input.NAME.rate_hz"]
type = "integer"
)";
  const Manifest manifest = parse_manifest(text, "any.lateral.toml", 0);
  CHECK(manifest.encoders[0].any_inputs);
  const config::Option good[] = {option("input.left.rate_hz", std::int64_t{20})};
  config::check_options(manifest, "front", good);
  for (const char* const key : {"input..rate_hz", "input.rate_hz", "input.a.b.rate_hz", "output.left.rate_hz",
                                "input.left.rate_kz", "x"}) {
    INFO(key);
    const config::Option bad[] = {option(key, std::int64_t{20})};
    CHECK(
        thrown_by([&] { config::check_options(manifest, "front", bad); }).mentions("unknown option of any"));
  }
  const config::Option wrong[] = {option("input.left.rate_hz", std::string("fast"))};
  CHECK(thrown_by([&] {
          config::check_options(manifest, "front", wrong);
        }).mentions("expected integer, found text"));
}

TEST_CASE("options are compared with the manifest, without the library, each mistake with its place") {
  const Manifest manifest = parse_manifest(kGood, "radar.lateral.toml", 0);
  const config::Option good[] = {option("range", std::int64_t{20}), option("mode", std::string("fast"))};
  config::check_options(manifest, "front", good);
  const config::Option bad[] = {option("rnage", 2.0), option("range", 0.5), option("range", true),
                                option("mode", std::string("slow"))};
  const auto failure = thrown_by([&] { config::check_options(manifest, "front", bad); });
  CHECK(failure.mentions("4 mistakes"));
  CHECK(failure.mentions(
      "night.toml:12:7: plugin.front.options.rnage: unknown option of radar; did you mean \"range\"?"));
  CHECK(failure.mentions("0.5 is out of range (at least 1, at most 250)"));
  CHECK(failure.mentions("expected number, found boolean"));
  CHECK(failure.mentions("\"slow\" is none of: fast, fine"));
}

TEST_CASE("a value on its bound is within it, and a path is given as a text") {
  const Manifest manifest =
      parse_manifest(kGood + "[options.weights]\ntype = \"path\"\n", "radar.lateral.toml", 0);
  const config::Option good[] = {option("range", 1.0), option("range", std::int64_t{250}),
                                 option("weights", std::string("w.bin"))};
  CHECK_NOTHROW(config::check_options(manifest, "front", good));
}

TEST_CASE("keys of a later minor are no mistakes in a manifest that is written for it") {
  const auto with_abi = [](const std::string& abi) {
    std::string text = "later = 1\n" + kGood +
                       "\n[[encoder]]\nname = \"far\"\nlater = true\n[[encoder.input]]\n"
                       "name = \"sweep\"\nkind = \"points\"\nlater = \"too\"\n";
    return text.replace(text.find("\"1.0\""), 5, '"' + abi + '"');
  };
  CHECK(parse_manifest(with_abi("1.3"), "radar.lateral.toml", 2).encoders.size() == 2);
  for (const char* const abi : {"1.0", "1.2", "2.9", "1.3.1"}) {
    CAPTURE(abi);
    CHECK(thrown_by([&] {
            parse_manifest(with_abi(abi), "radar.lateral.toml", 2);
          }).mentions("later: unknown key"));
  }
}
