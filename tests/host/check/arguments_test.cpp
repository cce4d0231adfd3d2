#include "host/check/arguments.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/errors.hpp"

using namespace lateral;
using check::parse_arguments;
using test::thrown_by;

namespace {

check::Arguments parse(std::vector<std::string> words) {
  return parse_arguments(words);
}

}  // namespace

TEST_CASE("a check's arguments are understood in any order") {
  const auto arguments = parse({"--seed", "7", "--json", "x.so", "--only", "static,numerics.finite",
                                "--timeout", "500ms", "--option", "weights=a=b", "--option", "gain=2"});
  CHECK(arguments.json);
  CHECK(arguments.settings.file == "x.so");
  CHECK(arguments.settings.seed == 7);
  CHECK(arguments.settings.timeout == std::chrono::milliseconds(500));
  CHECK(arguments.settings.only == std::vector<std::string>{"static", "numerics.finite"});
  CHECK(arguments.settings.options.front() == std::pair<std::string, std::string>("weights", "a=b"));
}

TEST_CASE("what a check cannot understand is refused, and said") {
  const std::vector<std::vector<std::string>> wrong{{},
                                                    {"a.so", "b.so"},
                                                    {"a.so", "--seed", "-1"},
                                                    {"a.so", "--seed"},
                                                    {"a.so", "--timeout", "0"},
                                                    {"a.so", "--timeout", "soon"},
                                                    {"a.so", "--option", "=1"},
                                                    {"a.so", "--option", "gain"},
                                                    {"a.so", "--only", ","},
                                                    {"a.so", "--fast"}};
  for (const auto& words : wrong) {
    const auto error = thrown_by([&] { parse_arguments(words); });
    CHECK(error.code == Errc::InvalidArgument);
  }
}

TEST_CASE("the arguments of a check are those that a child gets") {
  const auto first = parse({"a b.so", "--seed", "3", "--timeout", "2s", "--option", "k=v w"});
  const auto words = first.settings.arguments();
  const auto second = parse_arguments(words);
  CHECK(second.settings.file == first.settings.file);
  CHECK(second.settings.seed == first.settings.seed);
  CHECK(second.settings.timeout == first.settings.timeout);
  CHECK(second.settings.options == first.settings.options);
  const auto with_torch = parse({"x.so", "--libtorch", "/opt/libtorch"});
  CHECK(with_torch.settings.libtorch == "/opt/libtorch");
  CHECK(parse_arguments(with_torch.settings.arguments()).settings.libtorch == "/opt/libtorch");
  CHECK(first.settings.command_for("load.init") ==
        "lateral plugin check 'a b.so' --seed 3 --timeout 2000ms --option 'k=v w' --only load.init");
}
