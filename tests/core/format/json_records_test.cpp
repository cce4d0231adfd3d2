#include "core/format/json_records.hpp"

#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"
#include "tests/support/hostile.hpp"

using namespace lateral;
using namespace lateral::format;
using test::thrown_by;

namespace {

struct Text : test::TemporaryFolder {
  explicit Text(std::string_view text, std::string member = {})
      : list{*this / "list.json", std::move(member)} {
    test::write_file(list.path, text);
  }
  std::vector<std::int64_t> numbers() const {
    std::vector<std::int64_t> found;
    const auto count = json::for_each_record(
        list, [&](const json::Value& record) { found.push_back(record.at("n").as_int()); });
    CHECK(count == static_cast<std::int64_t>(found.size()));
    return found;
  }
  json::RecordList list;
};

test::Thrown refusal(std::string_view text, const std::string& member = {}) {
  const Text file(text, member);
  return thrown_by([&] { file.numbers(); });
}

using Numbers = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("a text that is no list of objects is refused, with the record it goes wrong at") {
  for (const char* text : {"", "  ", "{}", "[", "[{\"n\": 1}", "[{\"n\": 1},", "[1]", "[[]]",
                           "[{\"n\": 1} {\"n\": 2}]", "[{\"n\": 1},]", "[,]", "[,{\"n\": 1}]",
                           "[{\"n\": 1},,{\"n\": 2}]", "[]]", "[] []", "[{\"n\": 1]}"}) {
    CAPTURE(text);
    CHECK(refusal(text).code == Errc::Corrupt);
  }
  CHECK(refusal(R"([{"n": 1}, {"n": "two"}])").mentions("list.json[1]: $.n: expected an integer"));
  CHECK(refusal(R"([{"n": 1}, {"n": }])").mentions("list.json[1]"));
}

TEST_CASE("an outer object without that list is refused") {
  for (const char* text :
       {"[]", "{}", R"({"other": []})", R"({"q": 1})", R"({"q": {"q": []}})", R"({"a": "q", "b": []})",
        R"({"q": [], "q": []})", R"({"q": 1, [{"n": 1}]})", R"({"q": [])", R"({"q": []} x)"}) {
    CAPTURE(text);
    CHECK(refusal(text, "q").code == Errc::Corrupt);
  }
}

TEST_CASE("records come in order, whatever is in their strings and around them") {
  CHECK(Text(" [ ] ").numbers().empty());
  CHECK(Text("[{\"n\":1},\r\n{\"s\": \"}]\\\"{\", \"n\": 2, \"d\": {\"a\": [{}]}}]\n").numbers() ==
        Numbers{1, 2});
  CHECK(Text(R"({"info": {"q": [{"n": 9}]}, "q": [{"n": 1}, {"n": 2}], "z": ["q", {"x": [3]}]})", "q")
            .numbers() == Numbers{1, 2});
  CHECK(Text(R"({"q": "[{", "q": [{"n": 1}]})", "q").numbers() == Numbers{1});
  CHECK(Text(R"({"esc": "\\\"", "q": [], "n": null})", "q").numbers().empty());
}

TEST_CASE("a record above the limit is refused, and a long list is not") {
  Text file(R"([{"n": 1, "s": ")" + std::string(100, 'x') + "\"}]");
  file.list.record.max_bytes = 64;
  CHECK(thrown_by([&] { file.numbers(); }).code == Errc::ResourceExhausted);
  Text endless(R"([{"s": ")" + std::string(100, 'x'));  // refused before its end is looked for
  endless.list.record.max_bytes = 64;
  CHECK(thrown_by([&] { endless.numbers(); }).code == Errc::ResourceExhausted);
  std::string many = "[";
  for (int i = 0; i < 100000; ++i)
    many += (i == 0 ? "" : ",") + std::string(R"({"n": )") + std::to_string(i) + "}";
  Text list(many + "]");
  list.list.record.max_bytes = 64;
  CHECK(list.numbers().size() == 100000);
}

TEST_CASE("reading can be watched and stopped") {
  const Text file("[{\"n\": 1}]");
  std::int64_t seen = 0;
  json::for_each_record(
      file.list, [](const json::Value&) {},
      [&](std::int64_t done, std::int64_t total) {
        CHECK(done == total);
        seen = done;
      });
  CHECK(seen == 10);
  CHECK(thrown_by([&] {
          json::for_each_record(
              file.list, [](const json::Value&) {},
              [](std::int64_t, std::int64_t) { fail(Errc::Cancelled, "test", "stopped"); });
        }).code == Errc::Cancelled);
  CHECK(thrown_by([] { json::for_each_record({"/absent.json"}, [](const json::Value&) {}); }).code ==
        Errc::NotFound);
}

TEST_CASE("damaged lists give records or one error") {
  const test::TemporaryFolder folder;
  test::check_flips(
      test::to_bytes(R"({"a": [1, "x"], "q": [{"n": 1}, {"n": 2, "s": "\"}"}], "z": {}})"),
      [&](std::span<const std::byte> bytes) {
        test::write_file(folder / "f", {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
        json::for_each_record({folder / "f", "q"}, [](const json::Value&) {});
      });
}
