#include "core/dataset/collection.hpp"

#include "core/base/file.hpp"
#include "core/dataset/examples.hpp"
#include "core/format/sample_set.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"

using namespace lateral;
using namespace lateral::dataset;

TEST_CASE("an empty import says what was left out instead of writing a list") {
  const test::TemporaryFolder folder;
  Collection collection;
  collection.leave_out("keyframes with a missing file", "a.jpg");
  collection.leave_out("keyframes with a missing file", "b.jpg");
  const auto thrown = test::thrown_by([&] { collection.write(folder.path(), false); });
  CHECK(thrown.code == Errc::NotFound);
  CHECK(thrown.mentions("2 keyframes with a missing file (e.g. a.jpg)"));
  CHECK_FALSE(std::filesystem::exists(folder / "samples.jsonl"));
}

TEST_CASE("an example of what was left out moves no cursor and is cut") {
  Collection collection;
  collection.leave_out("odd", "\x1B[2J" + std::string(1000, 'x'));
  const test::TemporaryFolder folder;
  const auto thrown = test::thrown_by([&] { collection.write(folder.path(), false); });
  CHECK(thrown.mentions("(e.g. \\x1B[2Jxxx"));
  CHECK(thrown.message.size() < 300);
}

TEST_CASE("two moments of one id are refused") {
  Collection collection;
  collection.add({"1", "train", {}});
  CHECK(test::thrown_by([&] { collection.add({"1", "test", {}}); }).code == Errc::Corrupt);
  CHECK(test::thrown_by([&] { collection.find("2"); }).code == Errc::InvalidArgument);
}

TEST_CASE("what is written is a good data directory: files once, questions once, contradictions never") {
  const test::TemporaryFolder folder, elsewhere;
  test::write_file(folder / "a.wav", "");
  test::write_file(elsewhere / "b.wav", "");
  test::write_file(elsewhere / "c.wav", "");
  Collection collection;
  const auto first = collection.add({"1", "train", {{"sound", {folder / "a.wav"}}}});
  collection.add({"2", "test", {{"sound", {elsewhere / "b.wav", elsewhere / "c.wav"}}}});
  collection.ask(first, "which?", "one", "word");
  collection.ask(first, "which?", "one", "word");
  collection.ask(first, "loud?", "no", "");
  collection.ask(first, "who?", "anna", "");
  collection.ask(first, "who?", "bert", "");
  collection.ask(first, "who?", "carl", "");
  const ImportReport report = collection.write(folder.path(), false);
  CHECK(report.moments == 2);
  CHECK(report.questions == 2);
  CHECK(report.questions_by_type == std::map<std::string, std::int64_t>{{"", 1}, {"word", 1}});
  CHECK(report.left_out.at("questions with two answers").count == 1);
  CHECK(
      read_text(report.file, 4096) ==
      R"({"id":"1","split":"train","inputs":{"sound":"a.wav"},"question":"which?","answer":"one","type":"word"})"
      "\n"
      R"({"id":"1","split":"train","question":"loud?","answer":"no"})"
      "\n"
      R"({"id":"2","split":"test","inputs":{"sound":[")" +
          (elsewhere / "b.wav").string() + R"(",")" + (elsewhere / "c.wav").string() + "\"]}}\n");
}

TEST_CASE("a list that is there is replaced only when asked to") {
  const test::TemporaryFolder folder;
  test::write_file(folder / "samples.jsonl", "mine");
  Collection collection;
  collection.add({"1", "train", {}});
  CHECK(test::thrown_by([&] { collection.write(folder.path(), false); }).code == Errc::FailedPrecondition);
  CHECK(read_text(folder / "samples.jsonl", 100) == "mine");
  collection.write(folder.path(), true);
  CHECK(read_text(folder / "samples.jsonl", 100) != "mine");
}

TEST_CASE("whether a list may be replaced is known before an import begins") {
  const test::TemporaryFolder folder;
  CHECK_NOTHROW(require_replaceable(folder.path(), false));
  CHECK_NOTHROW(require_replaceable(folder / "new", false));
  test::write_file(folder / "samples.jsonl", "mine");
  CHECK(test::thrown_by([&] { require_replaceable(folder.path(), false); }).mentions("--replace"));
  CHECK_NOTHROW(require_replaceable(folder.path(), true));
}

TEST_CASE("examples come in the order of their ids, and what has no group is shared out one by one") {
  Collection collection;
  std::vector<Example> examples;
  for (const char* id : {"d", "a", "c", "b"}) examples.push_back({.id = id, .inputs = {}});
  add_examples(collection, examples, {.split = {.val_share = 0, .test_share = 0.5}});
  std::vector<std::string> ids;
  std::map<std::string, int> splits;
  for (const Moment& moment : collection.moments()) {
    ids.push_back(moment.id);
    ++splits[moment.split];
  }
  CHECK(ids == std::vector<std::string>{"a", "b", "c", "d"});
  CHECK(splits == std::map<std::string, int>{{"train", 2}, {"test", 2}});
}

TEST_CASE("examples whose split is given do not count where the others are shared out") {
  Collection collection;
  std::vector<Example> examples;
  for (const char* id : {"a", "b", "c"}) examples.push_back({.id = id, .inputs = {}, .split = "train"});
  examples.push_back({.id = "d", .inputs = {}});
  const Labelling labelling{.split = {.val_share = 0, .test_share = 0.5}};
  CHECK(test::thrown_by([&] {
          add_examples(collection, examples, labelling);
        }).mentions("1 groups cannot be shared out"));
}

TEST_CASE("a list of answers is an object that is not empty") {
  const test::TemporaryFolder folder;
  for (const char* text : {"{}", "[]", "[\"yes\"]", "{\"yes\": 1}"}) {
    CAPTURE(text);
    test::write_file(folder / "answers.json", text);
    CHECK(test::thrown_by([&] { read_answers(folder / "answers.json"); }).code == Errc::Corrupt);
  }
  test::write_file(folder / "answers.json", R"({"yes": "it is"})");
  CHECK(read_answers(folder / "answers.json") == std::map<std::string, std::string>{{"yes", "it is"}});
}
