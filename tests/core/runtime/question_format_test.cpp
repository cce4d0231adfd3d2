#include "core/runtime/question_format.hpp"

#include "core/format/json.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"

using namespace lateral;
using namespace lateral::runtime;

namespace {

QuestionFormat read(std::string_view json) {
  const test::TemporaryFolder folder;
  test::write_file(folder / "lateral.json", json);
  return read_question_format(folder.path());
}

test::Thrown refusal(std::string_view json) {
  return test::thrown_by([&] { read(json); });
}

}  // namespace

TEST_CASE("a chat template that cannot be used is an error where it must be, and a default where it may be") {
  const test::TemporaryFolder folder;
  const auto refused = [&] {
    return test::thrown_by([&] { read_question_format(folder.path(), Chat::On); });
  };
  CHECK(refused().code == Errc::NotFound);
  CHECK(refused().mentions("chat_template.jinja"));
  for (const char* source : {"{% if %}", "{{ messages[0].content }}{{ messages[0].content }}", "nothing",
                             "{% macro a() %}{% endmacro %}", "{{ messages[0].content | upper }}",
                             "{{ raise_exception('no') }}"}) {
    INFO(source);
    test::write_file(folder / "chat_template.jinja", source);
    CHECK_FALSE(refused().message.empty());
    CHECK(read_question_format(folder.path()).prompt.before == "Question: ");
  }
  CHECK(test::thrown_by([] { parse_chat("yes"); }).mentions("auto, on or off"));
}

TEST_CASE("a question in its chat template is what Jinja writes of a conversation that begins with it") {
  const auto all = format::json::read_file(test::repository() / "tests/fixtures/tokenizer/chat.json");
  int compared = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto first = all[i].at("cases")[0];
    if (first.at("messages").size() != 1 || !first.get("add_generation_prompt", false)) continue;
    const test::TemporaryFolder folder;
    test::write_file(folder / "chat_template.jinja", all[i].at("template").as_string());
    test::write_file(folder / "tokenizer_config.json", R"({"bos_token": "<s>", "eos_token": "</s>"})");
    const auto format = read_question_format(folder.path());
    const std::string question(first.at("messages")[0].at("content").as_string());
    INFO(all[i].at("template").as_string());
    CHECK(format.prompt.before + question + format.prompt.after == first.at("text").as_string());
    CHECK_FALSE(format.prompt.special);
    CHECK(format.stop.empty());
    ++compared;
  }
  CHECK(compared == 5);
}

TEST_CASE("a lateral.json comes before the chat template, unless it must be used or not") {
  const test::TemporaryFolder folder;
  test::write_file(folder / "chat_template.jinja", "[{{ messages[0].content }}]");
  const auto before = [&](Chat chat) { return read_question_format(folder.path(), chat).prompt.before; };
  CHECK(before(Chat::Auto) == "[");
  CHECK(before(Chat::Off) == "Question: ");
  test::write_file(folder / "lateral.json", R"({"format": 1, "prompt": "<q>{question}"})");
  CHECK(before(Chat::Auto) == "<q>");
  CHECK(before(Chat::Off) == "<q>");
  CHECK(before(Chat::On) == "[");
}

TEST_CASE("a lateral.json that is wrong is refused, naming the member") {
  for (const char* json : {"", "[]", "{", "{}", R"({"format": 2})", R"({"format": "1"})"}) {
    INFO(json);
    CHECK(refusal(json).code == Errc::Corrupt);
  }
  CHECK(refusal(R"({"format": 1, "promt": "{question}"})").mentions("promt"));
  CHECK(refusal(R"({"format": 1, "prompt": "question"})").mentions("{question}"));
  CHECK(refusal(R"({"format": 1, "stop": "x"})").mentions("stop"));
  CHECK(refusal(R"({"format": 1, "stop": ["a", ""]})").mentions("stop[1]"));
  CHECK(refusal(R"({"format": 1, "stop": [1]})").mentions("stop[0]"));
  CHECK(refusal(R"({"format": 1, "lead": 1})").mentions("lead"));
}

TEST_CASE("a model that says nothing is asked in the default way") {
  const test::TemporaryFolder folder;
  const auto format = read_question_format(folder.path());
  CHECK(format.prompt.before == "Question: ");
  CHECK(format.prompt.after == "\nAnswer:");
  CHECK(format.stop == std::vector<std::string>{"\n"});
}

TEST_CASE("what the model says is taken, and what it leaves out stays the default") {
  const auto format =
      read(R"({"format": 1, "prompt": "<q>{question}</q>", "lead": "", "stop": ["#", ";;"]})");
  CHECK(format.prompt.before == "<q>");
  CHECK(format.prompt.after == "</q>");
  CHECK(format.prompt.lead.empty());
  CHECK(format.stop == std::vector<std::string>{"#", ";;"});
  CHECK(read(R"({"format": 1})").stop == QuestionFormat().stop);
  CHECK(read(R"({"format": 1, "stop": []})").stop.empty());
}

TEST_CASE("an answer ends before the first stop text, without blanks at its ends") {
  const auto format = read(R"({"format": 1, "stop": ["#", ";;"]})");
  CHECK(format.trimmed("  yes ;; no # more") == "yes");
  CHECK(format.trimmed(" yes # no ;;") == "yes");
  CHECK(format.trimmed(" yes; no \t\n") == "yes; no");
  CHECK(format.trimmed("# nothing").empty());
  CHECK(format.trimmed(" \n\t ").empty());
  CHECK(format.trimmed("").empty());
}

TEST_CASE("a line break ends an answer, but not the gap before it") {
  const QuestionFormat format;
  CHECK_FALSE(format.complete(""));
  CHECK_FALSE(format.complete("\n \n"));
  CHECK_FALSE(format.complete("\n yes"));
  CHECK(format.complete("\n yes\n"));
  CHECK(format.trimmed("\n yes\nno") == "yes");
}
