#include "core/format/chat_template.hpp"

#include "core/base/random.hpp"
#include "core/format/jinja_syntax.hpp"
#include "core/format/json.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"

using namespace lateral;
using format::ChatMessage;
using format::ChatTemplate;
using test::thrown_by;

namespace {

const std::vector<ChatMessage> kTalk{{"system", "Be brief."},
                                     {"user", " What is ahead? "},
                                     {"assistant", "A bus."},
                                     {"user", "Und jetzt, 你好?"}};

std::string rendered(std::string_view source, const std::vector<ChatMessage>& messages = kTalk,
                     bool prompt = true) {
  return ChatTemplate(source, {"<s>", "</s>"}).render(messages, prompt);
}

}  // namespace

TEST_CASE("conversations are written as Jinja writes them") {
  const auto all = format::json::read_file(test::repository() / "tests/fixtures/tokenizer/chat.json");
  REQUIRE(all.size() > 10);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto source = all[i].at("template").as_string();
    INFO(source);
    const auto cases = all[i].at("cases");
    for (std::size_t j = 0; j < cases.size(); ++j) {
      std::vector<ChatMessage> messages;
      const auto list = cases[j].at("messages");
      for (std::size_t k = 0; k < list.size(); ++k)
        messages.push_back({list[k].get("role", ""), list[k].get("content", "")});
      const bool prompt = cases[j].get("add_generation_prompt", false);
      if (const auto text = cases[j].find("text")) {
        CHECK(rendered(source, messages, prompt) == text->as_string());
      } else {
        CHECK(thrown_by([&] {
                rendered(source, messages, prompt);
              }).mentions(cases[j].at("error").as_string()));
      }
    }
  }
}

TEST_CASE("what a template may not do is refused by name, with the line") {
  const auto refusal = [](std::string_view source) { return thrown_by([&] { rendered(source); }); };
  CHECK(refusal("a\n{% macro x() %}{% endmacro %}").mentions("line 2: \"macro\" is not supported"));
  CHECK(refusal("{{ messages | shuffle }}").mentions("the filter \"shuffle\""));
  CHECK(refusal("{{ today() }}").mentions("the function \"today\""));
  CHECK(refusal("{{ 'a'.zfill(3) }}").mentions("the method \"zfill\""));
  CHECK(refusal("{{ ''.__class__.__mro__ }}").code == Errc::InvalidArgument);
  CHECK(refusal("{% include 'x' %}").mentions("\"include\""));
  CHECK(refusal("{{ messages }}").mentions("writes out a list"));
  CHECK(refusal("{% if x %}").code == Errc::Corrupt);
  CHECK(refusal("{{ 'a }}").code == Errc::Corrupt);
  CHECK(refusal("{{ (1 }}").code == Errc::Corrupt);
  CHECK(refusal("{% break %}").code == Errc::Corrupt);
  CHECK(refusal("{{ missing.member }}").code == Errc::InvalidArgument);
  CHECK(refusal("a\n{{ 7[1:] }}").mentions("line 2: a slice of"));
  CHECK(refusal("a\nb\n{{ 'abc'[::2] }}").mentions("line 3: a slice with steps"));
}

TEST_CASE("a hostile template stops with one error") {
  const auto code = [](const std::string& source) { return thrown_by([&] { rendered(source); }).code; };
  CHECK(code("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}") ==
        Errc::ResourceExhausted);
  CHECK(
      code("{% set n = namespace(x='ab') %}{% for a in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}") ==
      Errc::ResourceExhausted);
  CHECK(code("{% set n = namespace(x=[]) %}{% for a in range(99) %}{% set n.x = [n.x, n.x] %}{% endfor %}") ==
        Errc::ResourceExhausted);
  CHECK(code("{% set n = namespace(x=[]) %}{% for a in range(9999) %}{% set n.x = [n.x] %}{% endfor %}") ==
        Errc::ResourceExhausted);
  CHECK(code("{% set n = namespace() %}{% set n.x = n %}") == Errc::Unsupported);
  CHECK(code("{{ " + std::string(5000, '(') + "1" + std::string(5000, ')') + " }}") ==
        Errc::ResourceExhausted);
  CHECK(code("{{ " + std::string(5000, '-') + "1 }}") == Errc::ResourceExhausted);
  std::string nested;
  for (int i = 0; i < 5000; ++i) nested += "{% if true %}";
  CHECK(code(nested) == Errc::ResourceExhausted);
  std::string sum = "{{ 1";
  for (int i = 0; i < 20'000; ++i) sum += "+1";
  CHECK(code(sum + " }}") == Errc::Unsupported);
  // Operators, suffixes and brackets, each within its own bound, nest in one another.
  std::string mixed = "1";
  for (int i = 0; i < 30; ++i) {
    mixed = "(" + mixed + ")";
    for (int j = 0; j < 400; ++j) mixed += "|d";
    for (int j = 0; j < 400; ++j) mixed += "*1";
    for (int j = 0; j < 400; ++j) mixed += "~1";
    for (int j = 0; j < 400; ++j) mixed += "+1";
  }
  CHECK(code("{{ " + mixed + " }}") == Errc::Unsupported);
  std::string choices = "{{ 1";
  for (int i = 0; i < 40'000; ++i) choices += " if 1";
  CHECK(code(choices + " }}") == Errc::Unsupported);
  std::string names;
  for (int i = 0; i < 9000; ++i) names += "{% set n.a" + std::to_string(i) + " = 1 %}";
  CHECK(code("{% set n = namespace() %}" + names +
             "{% for a in range(99999) %}{% if n.b %}{% endif %}{% endfor %}") == Errc::ResourceExhausted);
  CHECK(code("{% set n = namespace(x='a') %}{% for a in range(20) %}{% set n.x = n.x + n.x %}{% endfor %}"
             "{% set y = n.x + 'b' %}{% set z = n.x + n.x %}{{ y in z }}") == Errc::ResourceExhausted);
  CHECK(code(std::string(1 << 20, 'a')) == Errc::ResourceExhausted);
  CHECK(code("{{ 2147483648 * 2147483648 * 4 }}") == Errc::Unsupported);
}

TEST_CASE("a template's own words are shown bounded and without control characters") {
  const auto error = thrown_by([] { rendered("{{ raise_exception('\\x1b[2J') }}"); });
  CHECK(error.mentions("\\x1B[2J"));
  CHECK(thrown_by([] { rendered("{{ \x1b }}"); }).mentions("unexpected \\x1B"));
  CHECK(thrown_by([] { rendered("{{ '\\\x1b' }}"); }).mentions("\\x1B"));
}

TEST_CASE("random changes of a template never do worse than throw") {
  const std::string good =
      "{% set n = namespace(i=0) %}{%- for m in messages[1:][::-1] if m['role'] != 'x' -%}\n {{ "
      "m.content|trim ~ "
      "loop.index0 }}{% if loop.last and not (n.i + 1) % 2 == 0 %}{{ '\\n' + m['content'].split(' ')[-1] "
      "}}{% endif %}\n{% endfor %}";
  CHECK_NOTHROW(rendered(good));
  Random random(7);
  for (int i = 0; i < 3000; ++i) {
    auto text = good;
    for (int j = random.between(1, 3); j > 0; --j)
      text[random.below(static_cast<std::uint32_t>(text.size()))] =
          static_cast<char>(random.between(32, 126));
    try {
      rendered(text);
    } catch (const Error& error) {
      CHECK(error.code() != Errc::Internal);
    }
  }
}

TEST_CASE("a template is found where it lies") {
  const test::TemporaryFolder folder;
  CHECK_FALSE(ChatTemplate::load(folder.path()));
  test::write_file(folder / "tokenizer_config.json",
                   R"({"bos_token": {"content": "<b>"}, "eos_token": "<e>", "chat_template": [
                       {"name": "tool_use", "template": "t"}, {"name": "default", "template": "{{ bos_token }}x{{ eos_token }}"}]})");
  CHECK(ChatTemplate::load(folder.path())->render({}) == "<b>x<e>");
  test::write_file(folder / "chat_template.jinja", "{{ messages | length }}{{ bos_token }}\n");
  CHECK(ChatTemplate::load(folder.path())->render(kTalk) == "4<b>");
}

TEST_CASE("a template has the special tokens that the tokenizer has, wherever they are named") {
  const test::TemporaryFolder folder;
  test::write_file(folder / "chat_template.jinja", "{{ bos_token }}x{{ eos_token }}");
  CHECK(ChatTemplate::load(folder.path())->render({}) == "x");
  test::write_file(folder / "special_tokens_map.json",
                   R"({"bos_token": {"content": "<b>"}, "eos_token": "<e>"})");
  CHECK(ChatTemplate::load(folder.path())->render({}) == "<b>x<e>");
  test::write_file(folder / "tokenizer_config.json", R"({"bos_token": null, "eos_token": "<end>"})");
  CHECK(ChatTemplate::load(folder.path())->render({}) == "<b>x<end>");
}
