#include "host/command_line.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/hostile.hpp"

using namespace lateral;
using namespace lateral::host;
using Words = std::vector<std::string>;

namespace {

template <typename T>
T parsed(std::string_view line) {
  const auto command = parse_run_command(line);
  REQUIRE(command);
  REQUIRE(std::holds_alternative<T>(*command));
  return std::get<T>(*command);
}

std::string refusal(std::string_view line) {
  const auto error = test::thrown_by([&] { parse_run_command(line); });
  CHECK(error.code == Errc::InvalidArgument);
  return error.message;
}

}  // namespace

TEST_CASE("a command that is wrong says how it is written") {
  CHECK(refusal("/load") == "command: /load needs a plugin's id or file; usage: /load ID|FILE");
  CHECK(refusal("/upgrade camera") ==
        "command: /upgrade needs the new file; usage: /upgrade ID FILE [--adapter PATH]");
  CHECK(refusal("/upgrade camera x.so --adapter").find("a file after --adapter") != std::string::npos);
  CHECK(refusal("/upgrade camera x.so y.so").find("unknown option 'y.so'") != std::string::npos);
  CHECK(refusal("/quit now") == "command: /quit: too much from 'now' on; usage: /quit");
  CHECK(refusal("/input camera") ==
        "command: /input needs at least one file; usage: /input ID[.NAME] PATH...");
  CHECK(refusal("/input .x a") ==
        "command: /input: '.x' is not ID or ID.NAME; usage: /input ID[.NAME] PATH...");
  CHECK(refusal("/ask --bg") == "command: /ask needs a question; usage: /ask [--bg] TEXT");
  CHECK(refusal("/adapt lidar data --budget soon").find("'soon' is no time such as 60s") !=
        std::string::npos);
  CHECK(refusal("/adapt lidar data --techer camera").find("unknown option '--techer'") != std::string::npos);
  CHECK(refusal("/load ''").find("needs a plugin's id") != std::string::npos);
}

TEST_CASE("an unknown command suggests the one that was meant") {
  CHECK(refusal("/unlaod camera") ==
        "command: unknown command /unlaod; did you mean /unload? A question that begins with '/' is written "
        "/ask /...");
  CHECK(refusal("/xyzzy").find("there are /ask /load /unload") != std::string::npos);
}

TEST_CASE("bytes that would break the answer's JSON are refused") {
  CHECK(refusal("is it \xFF?").find("not UTF-8") != std::string::npos);
  CHECK(refusal(std::string_view("a\0b", 3)).find("control characters") != std::string::npos);
  CHECK(refusal("one\ntwo").find("control characters") != std::string::npos);
}

TEST_CASE("empty lines and comments are nothing") {
  for (const char* line : {"", "   ", "\n", "\r\n", "# a note", "  # /quit"})
    CHECK_FALSE(parse_run_command(line));
}

TEST_CASE("a line without a slash is a question, taken as it stands") {
  CHECK(parsed<AskCommand>("  is there a \"bus\", isn't it?  \r\n").question ==
        "is there a \"bus\", isn't it?");
  const auto background = parsed<AskCommand>("/ask --bg what's that?");
  CHECK(background.question == "what's that?");
  CHECK(background.background);
  CHECK(parsed<AskCommand>("/ask /load is a command?").question == "/load is a command?");
  CHECK(parsed<AskCommand>("/ask --bgs").question == "--bgs");
}

TEST_CASE("every command is understood") {
  CHECK(parsed<LoadCommand>("/load camera").plugin == "camera");
  CHECK(parsed<UnloadCommand>("/unload camera").plugin == "camera");
  CHECK(parsed<UpgradeCommand>("/upgrade camera ./v2.so").file == "./v2.so");
  CHECK_FALSE(parsed<UpgradeCommand>("/upgrade camera ./v2.so").adapter);
  CHECK(parsed<UpgradeCommand>("/upgrade camera v2.so --adapter a.safetensors").adapter == "a.safetensors");
  CHECK(parsed<WireCommand>("/wire").connections.empty());
  CHECK(parsed<WireCommand>("/wire camera lidar").connections == Words{"camera", "lidar"});
  parsed<StatusCommand>("/status");
  const auto input = parsed<InputCommand>("/input org.example.camera.front 'my file.jpg' b\\ c.png");
  CHECK(input.plugin == "org.example.camera");
  CHECK(input.input == "front");
  CHECK(input.paths == std::vector<std::filesystem::path>{"my file.jpg", "b c.png"});
  CHECK(parsed<InputCommand>("/input lidar a.bin").input.empty());
  const auto adapt = parsed<AdaptCommand>("/adapt lidar data --teacher camera --budget 2m --force");
  CHECK(adapt.plugin == "lidar");
  CHECK(adapt.data == "data");
  CHECK(adapt.teacher == "camera");
  CHECK(adapt.budget_seconds == 120.0);
  CHECK(adapt.force);
  CHECK_FALSE(parsed<AdaptCommand>("/adapt lidar data").teacher);
  CHECK(parsed<RollbackCommand>("/rollback lidar").plugin == "lidar");
  parsed<QuitCommand>("/quit");
}

TEST_CASE("the help names every command that is understood") {
  for (const char* name : {"/load", "/unload", "/upgrade", "/wire", "/status", "/input", "/ask", "/adapt",
                           "/rollback", "/quit"}) {
    CHECK(run_command_help().find(name) != std::string_view::npos);
  }
}

TEST_CASE("words keep blanks in quotes and after a backslash") {
  CHECK(split_words("a  b\tc") == Words{"a", "b", "c"});
  CHECK(split_words(R"("a b"c 'd "e"' f\"g)") == Words{"a bc", "d \"e\"", "f\"g"});
  CHECK(split_words(R"('a\b' "a\\b" a\)") == Words{"a\\b", "a\\b", "a\\"});
  CHECK(split_words("''") == Words{""});
  CHECK(test::code_of([] { split_words("a 'b"); }) == Errc::InvalidArgument);
  CHECK(test::code_of([] { split_words("\""); }) == Errc::InvalidArgument);
}

TEST_CASE("damaged commands cost an error and nothing else") {
  test::check_flips(
      test::to_bytes("/adapt lidar 'my data' --teacher camera --budget 2m"),
      [](std::span<const std::byte> bytes) {
        parse_run_command({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
      },
      2000);
}

TEST_CASE("a long word is shown in part") {
  CHECK(refusal("/quit " + std::string(100'000, 'x')).size() < 200);
  CHECK(refusal("/input ." + std::string(100'000, 'x') + " a").size() < 300);
  for (const char* const command :
       {"/upgrade a b '\t'", "/adapt a b '\t'", "/quit '\t'", "/adapt a b --budget '\t'"}) {
    CAPTURE(command);
    CHECK(refusal(command).find("'\\x09'") != std::string::npos);
  }
}
