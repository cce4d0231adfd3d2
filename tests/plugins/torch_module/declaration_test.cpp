#include "plugins/torch_module/declaration.hpp"

#include <cmath>

#include "options.hpp"

using namespace lateral;
using Catch::Contains;
using plugin::OptionMap;
using plugins::Shape;
using test::refusal;

namespace {

using Numbers = std::vector<std::int64_t>;

std::string text(const char* value) {
  return value;
}

OptionMap detector() {
  return {{"file", text("detector.pt")},
          {"inputs", text("image, speed")},
          {"input.image.kind", text("image")},
          {"input.image.resize", Numbers{352, 352}},
          {"input.image.order", text("bgr")},
          {"input.image.divide_by", std::int64_t{255}},
          {"input.speed.kind", text("table")},
          {"input.speed.columns", text("x y")},
          {"input.speed.argument", Numbers{1, -1, 2}},
          {"output.tokens.layout", text("1 e h w -> (h w) e")},
          {"output.tokens.shape", Numbers{484, 96}},
          {"output.scores.index", std::int64_t{1}},
          {"output.scores.layout", text("1 1 h w -> (h w) 1")}};
}

OptionMap with(const char* key, plugin::OptionValue value) {
  auto options = detector();
  options[key] = std::move(value);
  return options;
}

OptionMap without(const char* key) {
  auto options = detector();
  options.erase(key);
  return options;
}

plugins::Declaration read(OptionMap map) {
  auto options = test::options_from(std::move(map));
  auto declaration = plugins::read_declaration(options);
  options.refuse_unknown(options.keys_read());
  return declaration;
}

std::string mistake(OptionMap map) {
  return refusal(LAT_INVALID_ARGUMENT, [&] { read(std::move(map)); });
}

}  // namespace

TEST_CASE("a declaration becomes inputs in the order of the arguments, and outputs") {
  const auto declared = read(detector());
  REQUIRE(declared.inputs.size() == 2);
  const auto& image = declared.inputs[0];
  CHECK(image.input.kind == LAT_INPUT_IMAGE);
  CHECK(image.picture.bgr);
  CHECK(image.picture.resize == Shape{352, 352});
  CHECK(image.picture.divide_by == 255);
  CHECK(image.example == Shape{1, 224, 224, 3});
  const auto& speed = declared.inputs[1];
  CHECK(speed.input.columns == std::vector<std::string>{"x", "y"});
  CHECK(speed.input.shape == Shape{-1, 2});
  CHECK(speed.argument == Shape{1, -1, 2});
  CHECK(declared.tokens.shape == Shape{484, 96});
  CHECK(declared.max_tokens == 484);
  CHECK(declared.method == "forward");
  CHECK(declared.modality == "image");
  REQUIRE(declared.scores);
  CHECK(declared.scores->index == 1);
  CHECK(declared.scores->shape == Shape{484, 1});
  CHECK_FALSE(declared.keys);
}

TEST_CASE("what is missing or does not fit is named with its option") {
  CHECK_THAT(mistake(without("file")), Contains("file"));
  CHECK_THAT(mistake(without("inputs")), Contains("inputs"));
  CHECK_THAT(mistake(without("input.speed.kind")), Contains("input.speed.kind"));
  CHECK_THAT(mistake(without("input.speed.columns")), Contains("input.speed.shape"));
  CHECK_THAT(mistake(without("output.tokens.shape")), Contains("output.tokens.shape"));
  CHECK_THAT(mistake(with("inputs", text("image image"))), Contains("different names"));
  CHECK_THAT(mistake(with("inputs", text("image"))), Contains("unknown option \"input.speed"));
  CHECK_THAT(mistake(with("input.image.kind", text("picture"))), Contains("none of: image, points"));
  CHECK_THAT(mistake(with("input.speed.kind", text("audio"))), Contains("input.speed.rate_hz is needed"));
  CHECK_THAT(mistake(with("input.image.mean", text("0.5"))), Contains("three numbers"));
  CHECK_THAT(mistake(with("input.image.std", text("1, 0, 1"))), Contains("must not be 0"));
  CHECK_THAT(mistake(with("input.image.std", text("1, x, 1"))), Contains("must be numbers"));
  CHECK_THAT(mistake(with("input.image.dtype", text("uint8"))), Contains("goes without resize"));
  CHECK_THAT(mistake(with("input.image.shape", Numbers{3, -1, -1})), Contains("[views, height, width, 3]"));
  CHECK_THAT(mistake(with("input.speed.argument", Numbers{-1, -1})), Contains("one size open"));
  CHECK_THAT(mistake(with("input.speed.argument", Numbers{0})), Contains("1 to 8 sizes"));
  CHECK_THAT(mistake(with("input.speed.example", Numbers{7, 3})), Contains("does not fit the input's shape"));
  CHECK_THAT(mistake(with("output.tokens.layout", text("e h w"))), Contains("output.tokens.layout"));
  CHECK_THAT(mistake(with("output.tokens.shape", Numbers{-1, 96})), Contains("max_tokens is needed"));
  CHECK_THAT(mistake(with("output.tokens.shape", Numbers{5, 70'000})), Contains("output.tokens.shape"));
  CHECK_THAT(mistake(with("max_tokens", std::int64_t{10})), Contains("less than the 484"));
  CHECK_THAT(mistake(with("output.tokens.shape", Numbers{5, 96, 2})),
             Contains("output.tokens.shape is needed"));
  CHECK_THAT(mistake(with("output.tokens.shape", Numbers{5, -1})), Contains("output.tokens.shape is needed"));
  CHECK_THAT(mistake(with("output.tokens.shape", Numbers{1 << 21, 96})),
             Contains("output.tokens.shape is needed"));
  CHECK_THAT(mistake(with("output.keys.key", text("k"))), Contains("output.keys.shape is needed"));
  CHECK_THAT(mistake(with("output.tokens.indx", std::int64_t{0})), Contains("unknown option"));
}

TEST_CASE("every bound of an option is kept, on the side where it is broken") {
  struct Case {
    const char* key;
    plugin::OptionValue value;
    const char* why;
  };
  std::string many = "image speed";
  for (char c = 'a'; c < 'p'; ++c) many += std::string(" ") + c;
  const Case cases[] = {
      {"inputs", many, "must name 1 to 16 inputs"},
      {"inputs", text("im-age, speed"), "different names of letters"},
      {"input.speed.shape", Numbers{-1, 3}, "rows and columns are needed"},
      {"input.image.shape", Numbers{1, 2, 2, 4}, "is not [views, height, width, 3]"},
      {"input.image.resize", Numbers{352}, "must be [height, width]"},
      {"input.image.resize", Numbers{-1, 5}, "is not a list of 1 to 8 sizes"},
      {"input.image.resize", Numbers{1LL << 32U, 5}, "is not a list of 1 to 8 sizes"},
      {"input.speed.argument", Numbers{1, 1, 1, 1, 1, 1, 1, 1, 1}, "is not a list of 1 to 8 sizes"},
      {"input.speed.argument", Numbers{-1, 65536, 65536, 65536, 65536}, "is more than 2147483648 numbers"},
      {"input.speed.argument", Numbers{1 << 16, -1, (1 << 15) + 1}, "is more than 2147483648 numbers"},
      {"input.image.shape", Numbers{-1, 1 << 20, 1 << 20, 3}, "is more than 2147483648 numbers"},
      {"input.image.example", Numbers{1 << 20, 1 << 20, 1 << 21, 3}, "is more than 2147483648 numbers"},
      {"input.image.resize", Numbers{1 << 16, 1 << 16}, "is more than 2147483648 numbers"},
      {"output.tokens.shape", Numbers{1 << 20, 1 << 16}, "is more than 2147483648 numbers"},
      {"input.image.divide_by", 0.0, "must not be 0"},
      {"input.image.divide_by", HUGE_VAL, "is not finite"},
      {"input.image.mean", text("1, 2, 3x"), "must be numbers"},
      {"input.image.mean", text("1, 2, inf"), "must be numbers"},
      {"output.scores.index", std::int64_t{-1}, "is not within 0 and 255"},
      {"output.scores.index", std::int64_t{256}, "is not within 0 and 255"},
  };
  for (const auto& [key, value, why] : cases) {
    CAPTURE(key);
    CHECK_THAT(mistake(with(key, value)), Contains(why));
  }
  const Shape largest{1 << 16, -1, 1 << 15};
  CHECK(read(with("input.speed.argument", largest)).inputs[1].argument == largest);
  many.resize(many.size() - 2);  // sixteen: now each has to be declared
  CHECK_THAT(mistake(with("inputs", many)), Contains("input.a.kind is needed"));
  auto bytes = detector();
  bytes.erase("input.image.resize");
  bytes.erase("input.image.divide_by");
  bytes["input.image.dtype"] = text("uint8");
  CHECK(read(bytes).inputs[0].picture.bytes);
  bytes["input.image.mean"] = text("1 2 3");
  CHECK_THAT(mistake(bytes), Contains("goes without resize"));
}

TEST_CASE("what a picture, a sound or a table may say of itself is read") {
  auto options = detector();
  options["input.image.layout"] = text("nhwc");
  options["input.image.antialias"] = false;
  options["input.speed.units"] = text("m/s");
  const auto declared = read(options);
  CHECK(declared.inputs[0].picture.channels_last);
  CHECK_FALSE(declared.inputs[0].picture.antialias);
  CHECK(declared.inputs[1].input.units == "m/s");
  CHECK(read(detector()).inputs[0].picture.antialias);
  const OptionMap sound{{"file", text("a.pt")},
                        {"inputs", text("sound")},
                        {"input.sound.kind", text("audio")},
                        {"input.sound.rate_hz", std::int64_t{8000}},
                        {"output.tokens.shape", Numbers{1, 8}}};
  CHECK(read(sound).inputs[0].example == Shape{8000});
}

TEST_CASE("an output is there when anything is said of it") {
  for (const auto& [key, value] :
       {std::pair{"output.scores.key", text("s")}, {"output.scores.layout", text("1 1 h w -> (h w) 1")}}) {
    auto options = detector();
    options.erase("output.scores.index");
    options.erase("output.scores.layout");
    CHECK_FALSE(read(options).scores);
    options[key] = value;
    CHECK(read(options).scores);
  }
}

TEST_CASE("a trial larger than memory is refused before it is made") {
  auto options = with("input.image.shape", Numbers{1 << 14, 1 << 15, 1, 3});
  CHECK_THAT(mistake(std::move(options)), Contains("larger than any trial"));
}

TEST_CASE("what decides the tokens' meaning is in the identity, and nothing else is") {
  const auto identity = read(detector()).identity;
  CHECK(read(with("input.image.order", text("rgb"))).identity != identity);
  CHECK(read(with("output.tokens.layout", text("1 e h w -> (w h) e"))).identity != identity);
  CHECK(read(with("method", text("encode"))).identity != identity);
  CHECK_THAT(identity, Contains("output.scores.index=1;") && !Contains("output.tokens.index"));
  CHECK(read(with("file", text("elsewhere/detector.pt"))).identity == identity);
  CHECK(read(with("input.image.example", Numbers{2, 10, 10, 3})).identity == identity);
  CHECK(read(with("max_tokens", std::int64_t{500})).identity == identity);
}

TEST_CASE("numbers that differ in their last digits are two identities, and those of few digits as ever") {
  const auto identity = [](double divisor) { return read(with("input.image.divide_by", divisor)).identity; };
  CHECK(identity(1e-7) != identity(2e-7));
  CHECK(identity(1.0 / 3) != identity(0.333333));
  CHECK_THAT(identity(1e-7), Contains("input.image.divide_by=1e-07;"));
  CHECK_THAT(identity(0.5), Contains("input.image.divide_by=0.500000;"));
  CHECK_THAT(read(detector()).identity, Contains("input.image.divide_by=255.000000;"));
}

TEST_CASE("a rearrangement says which axes make rows, columns, and means") {
  const auto pooled = plugins::parse_rearrangement("n e h w -> n e");
  CHECK(pooled.rank == 4);
  CHECK(pooled.rows == std::vector<std::size_t>{0});
  CHECK(pooled.columns == std::vector<std::size_t>{1});
  CHECK(pooled.averaged == std::vector<std::size_t>{2, 3});
  const auto grid = plugins::parse_rearrangement("1 e h w->(h w) e");
  CHECK(grid.single == std::vector<std::size_t>{0});
  CHECK(grid.averaged == std::vector<std::size_t>{0});  // of one number, so that the axis goes
  CHECK(grid.rows == std::vector<std::size_t>{2, 3});
  CHECK(plugins::parse_rearrangement("e -> 1 e").rows.empty());
}

TEST_CASE("a rearrangement that makes no sense says why") {
  const auto why = [](const char* layout) {
    return refusal(LAT_INVALID_ARGUMENT, [&] { plugins::parse_rearrangement(layout); });
  };
  CHECK_THAT(why(""), Contains("no \"->\""));
  CHECK_THAT(why("a b"), Contains("no \"->\""));
  CHECK_THAT(why((std::string(300, ' ') + "a -> a 1").c_str()), Contains("longer than 256 bytes"));
  CHECK_THAT(why("-> a b"), Contains("1 to 8 axes"));
  CHECK_THAT(why("a b c d e f g h i -> a b"), Contains("1 to 8 axes"));
  CHECK_THAT(why("a b -> a"), Contains("two parts"));
  CHECK_THAT(why("a b c -> a b c"), Contains("two parts"));
  CHECK_THAT(why("a a -> a 1"), Contains("twice"));
  CHECK_THAT(why("a b -> (a b) a"), Contains("twice"));
  CHECK_THAT(why("a b -> a c"), Contains("\"c\" after the arrow alone"));
  CHECK_THAT(why("(a b) -> a b"), Contains("parenthesis before the arrow"));
  CHECK_THAT(why("a b -> (a b"), Contains("do not match"));
  CHECK_THAT(why("a b -> a) b"), Contains("do not match"));
  CHECK_THAT(why("a b -> (a (b)) 1"), Contains("do not match"));
  CHECK_THAT(why("a 2 -> a 2"), Contains("neither a letter"));
}
