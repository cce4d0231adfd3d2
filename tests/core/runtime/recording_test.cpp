#include "core/runtime/recording.hpp"

#include "tests/core/runtime/tiny_world.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/errors.hpp"

using namespace lateral;
using namespace lateral::runtime;

namespace {

plugin::EncoderSpec table_encoder() {
  plugin::InputSpec readings;
  readings.name = "readings";
  readings.kind = plugin::InputKind::Table;
  plugin::EncoderSpec encoder;
  encoder.name = "main";
  encoder.inputs = {readings};
  return encoder;
}

// The recordings of one line, for a host that has loaded `plugins`.
std::vector<Recording> recordings(const test::TemporaryFolder& folder, const std::string& line,
                                  const std::vector<std::string>& plugins) {
  test::write_file(folder / "samples.jsonl", line);
  return recordings_of(
      format::read_samples(folder.path()),
      [&](const std::string& plugin) {
        const bool loaded = std::find(plugins.begin(), plugins.end(), plugin) != plugins.end();
        return loaded ? std::optional(table_encoder()) : std::nullopt;
      },
      [](const std::string&) { return std::vector<std::string>{}; });
}

std::vector<std::string> senses_of(const Recording& recording) {
  std::vector<std::string> names;
  for (const auto& [plugin, read] : recording.senses) names.push_back(plugin);
  return names;
}

}  // namespace

TEST_CASE("a file that is gone when it is read costs an error then, not before") {
  const test::TemporaryFolder folder;
  test::write_file(folder / "x.npy", test::npy({1}, 1));
  const auto found = recordings(folder, R"({"id": "a", "split": "train", "inputs": {"m": "x.npy"}})", {"m"});
  std::filesystem::remove(folder / "x.npy");
  REQUIRE(found.size() == 1);
  CHECK(test::thrown_by([&] { found[0].senses.at("m")(); }).mentions("x.npy"));
}

TEST_CASE("inputs belong to loaded plugins, by id or by id and input, and ids may have dots") {
  const test::TemporaryFolder folder;
  test::write_file(folder / "x.npy", test::npy({1, 2}, 1));
  const std::string line = R"({"id": "a", "split": "train", "inputs": {"m": "x.npy", "n.readings": "x.npy",
      "org.example.o": "x.npy", "org.example.p.readings": "x.npy", "q": "x.npy"}})";
  std::string flat = line;
  flat.erase(std::remove(flat.begin(), flat.end(), '\n'), flat.end());
  const auto found = recordings(folder, flat, {"m", "n", "org.example.o", "org.example.p"});
  REQUIRE(found.size() == 1);
  CHECK(senses_of(found[0]) == std::vector<std::string>{"m", "n", "org.example.o", "org.example.p"});
  for (const auto& [plugin, read] : found[0].senses)
    CHECK(read().inputs.at(0).shape == std::vector<std::int64_t>{2, 1});
}

TEST_CASE("lines of one id are one moment with all its questions") {
  const test::TemporaryFolder folder;
  test::write_file(folder / "x.npy", test::npy({1}, 1));
  test::write_file(folder / "y.npy", test::npy({1}, 1));
  const std::string lines =
      R"({"id": "a", "split": "train", "inputs": {"m": "x.npy"}, "question": "one?", "answer": "yes", "type": "t"})"
      "\n"
      R"({"id": "a", "split": "train", "inputs": {"m": "x.npy"}, "question": "two?"})"
      "\n"
      R"({"id": "b", "split": "test", "inputs": {"m": "y.npy"}})"
      "\n";
  const auto found = recordings(folder, lines, {"m"});
  REQUIRE(found.size() == 2);
  CHECK(found[0].split == "train");
  REQUIRE(found[0].questions.size() == 2);
  CHECK(found[0].questions[0].answer == "yes");
  CHECK(found[0].questions[0].type == "t");
  CHECK(found[0].questions[1].text == "two?");
  CHECK(found[0].questions[1].answer.empty());
  CHECK(found[1].questions.empty());
}
