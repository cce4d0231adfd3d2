#include "models/recipe/command.hpp"

#include "tests/support/catch.hpp"

using Catch::Contains;
using lateral::recipe::parse_command;

TEST_CASE("mistakes on the command line are named with what is possible") {
  CHECK_THROWS_WITH(parse_command({"--fast"}), Contains("--fast"));
  CHECK_THROWS_WITH(parse_command({"--seed"}), Contains("value"));
  CHECK_THROWS_WITH(parse_command({"--seed", "x"}), Contains("\"x\""));
  CHECK_THROWS_WITH(parse_command({"--threads", "-1"}), Contains("--threads"));
  CHECK_THROWS_WITH(parse_command({"--stage", "dessert"}),
                    Contains("tokenizer, camera, lidar, language, connection"));
}

TEST_CASE("a quick run does not touch the repository's models") {
  CHECK(parse_command({}).out == "models");
  CHECK(parse_command({"--quick"}).out == "build/recipe-quick/models");
  CHECK(parse_command({"--quick", "--work", "w"}).out == "w/models");
  CHECK(parse_command({"--quick", "--out", "o"}).out == "o");
  const auto command =
      parse_command({"--stage", "lidar", "--stage", "camera", "--seed", "9", "--threads", "2"});
  CHECK(command.stages == std::set<std::string>{"camera", "lidar"});
  CHECK(command.seed == 9);
  CHECK(command.threads == 2);
}
