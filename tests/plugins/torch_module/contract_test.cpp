// What an operator reads when a file and its declaration do not fit, and what a hostile module can do.
#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <future>
#include <iostream>
#include <limits>

#include "../../core/plugin/fixtures.hpp"
#include "core/base/file.hpp"
#include "core/plugin/footprint.hpp"
#include "loading.hpp"
#include "tests/plugins/torch_module/scripts.hpp"
#include "tests/support/catch.hpp"

using namespace lateral;
using namespace std::chrono_literals;
using Catch::Contains;
using plugin::InputKind;

namespace {

using Numbers = std::vector<std::int64_t>;

std::string text(const std::string& value) {
  return value;
}

/// A module in a file of its own that takes a table of three columns.
class Rows {
 public:
  explicit Rows(const std::string& methods) { test::save_script({.methods = methods}, path()); }

  std::filesystem::path path() const { return folder_ / "rows.pt"; }
  plugin::OptionMap options(const plugin::OptionMap& changes = {}) const {
    plugin::OptionMap options{{"file", text(path().string())},       {"inputs", text("rows")},
                              {"input.rows.kind", text("table")},    {"input.rows.columns", text("a, b, c")},
                              {"input.rows.example", Numbers{5, 3}}, {"output.tokens.shape", Numbers{-1, 3}},
                              {"max_tokens", std::int64_t{100}}};
    for (const auto& [key, value] : changes) options[key] = value;
    return options;
  }

 private:
  test::TemporaryFolder folder_;
};

std::string forward(const std::string& body) {
  return "def forward(self, x: Tensor):\n  " + body + "\n";
}

std::pair<Errc, std::string> failure(plugin::LoadOptions options) {
  return test::failure_of([&] { test::Loaded module(std::move(options)); });
}

std::string refusal(const Rows& rows, const plugin::OptionMap& changes = {}) {
  const auto [code, message] = failure(test::thread_with(rows.options(changes)));
  CHECK(code == Errc::InvalidArgument);
  CHECK(message.find('\n') == message.npos);
  return message;
}

at::Tensor table(std::int64_t rows) {
  return at::arange(rows * 3, at::kFloat).view({rows, 3}).div(10);
}

plugin::Tokens encode(const test::Loaded& module, const at::Tensor& values) {
  return module.encode({test::input_of("rows", InputKind::Table, values)});
}

}  // namespace

TEST_CASE("without a word in the configuration, a module runs in a process") {
  const Rows rows(forward("return x"));
  const test::Loaded module({.options = rows.options()});
  CHECK(module.isolation() == plugin::Isolation::Process);
}

TEST_CASE("a file that is no module is one error that says what to do") {
  const Rows rows(forward("return x"));
  const auto why = [&](const std::string& content) {
    test::write_file(rows.path(), content);
    const auto [code, message] = failure(test::thread_with(rows.options()));
    CHECK(code == Errc::Corrupt);
    CHECK_THAT(message, Contains(rows.path().string()));
    return message;
  };
  const auto whole = read_text(rows.path(), 1U << 20U);
  CHECK_THAT(why("no zip"), Contains("torch.jit.script(model).save"));
  for (const std::size_t part : {4U, 100U, 500U, 999U}) why(whole.substr(0, whole.size() * part / 1000));
  std::filesystem::remove(rows.path());
  CHECK(failure(test::thread_with(rows.options())).first == Errc::NotFound);
}

TEST_CASE("a damaged module is an error or a module, never more") {
  const Rows rows(forward("return x * 2"));
  const auto whole = read_text(rows.path(), 1U << 20U);
  for (std::size_t at = 30; at < whole.size(); at += whole.size() / 40) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x5A);
    test::write_file(rows.path(), damaged);
    try {
      const test::Loaded module(test::thread_with(rows.options()));
    } catch (const Error& error) {
      INFO(error.what());
      CHECK(error.code() != Errc::PluginFault);
    }
  }
}

TEST_CASE(
    "a module without the method is refused with those it has, and one with other arguments with theirs") {
  CHECK_THAT(refusal(Rows("def encode(self, x: Tensor):\n  return x\n")), Contains("to one of: encode"));
  const Rows two("def forward(self, x: Tensor, state: Tensor):\n  return x\n");
  CHECK_THAT(refusal(two), Contains("takes (x: Tensor, state: Tensor), the option inputs names 1"));
  CHECK_THAT(refusal(Rows("def forward(self):\n  return 1\n")),
             Contains("takes (), the option inputs names 1"));
}

TEST_CASE("outputs that differ from their declaration are named with what the module gives") {
  const Rows rows(forward("return x, x.sum(1), {\"a\": x}"));
  CHECK_THAT(refusal(rows, {{"output.tokens.shape", Numbers{-1, 4}}}),
             Contains("[-1, 4] is declared, the module gives [5, 3]"));
  CHECK_THAT(refusal(rows, {{"output.tokens.shape", Numbers{6, 3}}}), Contains("the module gives [5, 3]"));
  CHECK_THAT(refusal(rows, {{"output.tokens.layout", text("1 m e -> m e")}}),
             Contains("is for 3 axes, the module returns [5, 3]"));
  CHECK_THAT(refusal(rows, {{"output.tokens.layout", text("1 e -> 1 e")}}),
             Contains("axis 0 has the size 1"));
  CHECK_THAT(refusal(rows, {{"output.tokens.index", std::int64_t{9}}}), Contains("returns 3 tensors"));
  CHECK_THAT(refusal(rows, {{"output.tokens.key", text("b")}}), Contains("no \"b\" but a"));
  CHECK_THAT(
      refusal(rows, {{"output.scores.index", std::int64_t{0}}, {"output.scores.layout", text("m e -> e 1")}}),
      Contains("3 scores for 5 tokens"));
  CHECK_THAT(refusal(rows, {{"max_tokens", std::int64_t{4}}}), Contains("gives 5 tokens, max_tokens is 4"));
  CHECK_THAT(refusal(rows, {{"input.rows.argument", Numbers{2, 2}}}),
             Contains("cannot be reshaped to [2, 2]"));
  CHECK_THAT(refusal(rows, {{"output.tokens.shpe", Numbers{2, 2}}}), Contains("output.tokens.shpe"));
}

TEST_CASE("a key picks its tensor beside tensors without one, and in a list of dictionaries") {
  const auto picked = [](const std::string& body, const char* key) {
    const Rows rows(forward(body));
    const test::Loaded module(test::thread_with(rows.options({{"output.tokens.key", text(key)}})));
    return test::as_tensor(encode(module, table(2)).tokens);
  };
  const auto given = table(2);
  CHECK(at::equal(picked("return x, {\"a\": x * 2, \"b\": x * 3}", "a"), given * 2));
  CHECK(at::equal(picked("return x, {\"a\": x * 2, \"b\": x * 3}", "b"), given * 3));
  CHECK(at::equal(picked("return {\"a\": x * 2}, x, {\"b\": x * 3}", "b"), given * 3));
  CHECK(at::equal(picked("return [{\"a\": x}, {\"a\": x * 2, \"b\": x * 3}]", "b"), given * 3));
  CHECK(at::equal(picked("return [{\"a\": x}, {\"a\": x * 2}]", "a"), given));
  CHECK_THAT(
      refusal(Rows(forward("return x, {\"a\": x}, x, {\"b\": x}")), {{"output.tokens.key", text("c")}}),
      Contains("no \"c\" but a, b"));
}

TEST_CASE("results that are no rows of finite numbers are refused at init") {
  CHECK_THAT(refusal(Rows(forward("return x / 0.0"))), Contains("not finite"));
  CHECK_THAT(refusal(Rows(forward("return x.to_sparse()"))), Contains("ordinary numbers"));
  CHECK_THAT(refusal(Rows(forward("return torch.complex(x, x)"))), Contains("ordinary numbers"));
  CHECK_THAT(refusal(Rows(forward("return \"text\""))), Contains("returns a String"));
  CHECK_THAT(refusal(Rows(forward("return x[:0]"))), Contains("the module gives [0, "));
}

TEST_CASE("what a module raises, and what libtorch says, is one line") {
  CHECK_THAT(refusal(Rows(forward("assert x.size(0) == 4, \"four rows\"\n  return x"))),
             Contains("four rows"));
  CHECK_THAT(refusal(Rows(forward("return torch.matmul(x, x)"))), Contains("shapes cannot be multiplied"));
}

TEST_CASE("numbers of other types are tokens as well") {
  for (const char* const body : {"return x.long()", "return x > 1", "return x.double()", "return x.half()"}) {
    const Rows rows(forward(body));
    const test::Loaded module(test::thread_with(rows.options()));
    CHECK(encode(module, table(2)).tokens.rows == 2);
  }
}

TEST_CASE("a call gives the same bits the first and the fifth time") {
  const Rows rows(forward("return torch.tanh(x * 0.3 + 1).mul(x).sigmoid()"));
  const test::Loaded module(test::thread_with(rows.options()));
  const auto first = test::as_tensor(encode(module, table(50)).tokens);
  for (int i = 0; i < 4; ++i) CHECK(at::equal(first, test::as_tensor(encode(module, table(50)).tokens)));
}

TEST_CASE("the token space follows the file and the declarations, unless it is given") {
  const Rows rows(forward("return x")), other(forward("return x + 1"));
  const auto space = [](const plugin::OptionMap& options) {
    return test::Loaded(test::thread_with(options)).spec().token_space;
  };
  const auto first = space(rows.options());
  CHECK(space(rows.options()) == first);
  CHECK(space(rows.options({{"output.tokens.layout", text("e m -> m e")},
                            {"output.tokens.shape", Numbers{-1, 5}}})) != first);
  CHECK(space(other.options()) != first);
  CHECK(space(other.options({{"token_space", text("mine-1")}})) == "mine-1");
}

TEST_CASE("a module that never returns is killed at the deadline of init, and of encode") {
  const Rows at_once(forward("while True:\n    x = x + 0\n  return x"));
  auto options = test::process_with(at_once.options());
  options.timeouts = plugin::Timeouts{};
  options.timeouts->init = 3s;
  CHECK(failure(options).first == Errc::DeadlineExceeded);

  const Rows later(forward("while x.size(0) == 7:\n    x = x + 0\n  return x"));
  const test::Loaded module(test::process_with(later.options()));
  const auto seven = table(7);
  const std::vector<plugin::Input> inputs{test::input_of("rows", InputKind::Table, seven)};
  CHECK(encode(module, table(6)).tokens.rows == 6);
  CHECK(test::failure_of([&] { module.encode(inputs, 1s); }).first == Errc::DeadlineExceeded);
}

TEST_CASE("a module that takes all memory meets its limit") {
  if (LAT_SANITIZER != 0) return;  // nothing is limited then
  const Rows rows(forward("return torch.zeros([1 << 33]).sum() + x"));
  const auto [code, message] = failure(test::process_with(rows.options()));
  INFO(message);
  CHECK(code == Errc::ResourceExhausted);
}

TEST_CASE("a module reads files unless it is in a sandbox") {
  const test::TemporaryFolder folder;
  test::write_file(folder / "secret", std::string(16, 'x'));
  const Rows rows(
      forward("return torch.from_file(\"" + (folder / "secret").string() + "\", False, 4).mean() * 0 + x"));
  const test::Loaded module(test::process_with(rows.options()));
  CHECK_THAT(failure(test::process_with(rows.options(), true)).second, Contains("secret"));
}

TEST_CASE("memory comes back when modules come and go in a thread") {
  constexpr int kCycles = 15, kRounds = 3;
  const Rows rows(forward("return torch.zeros([1 << 20]).mean() + x"));
  const auto cycle = [&] {
    test::Loaded module(test::thread_with(rows.options()));
    encode(module, table(20));
    const auto report = module.unload();
    INFO(report.reason);
    CHECK(report.unmapped());
  };
  for (int i = 0; i < 5; ++i) cycle();
  const auto held = [] {
    ::malloc_trim(0);  // not what the allocator keeps in reserve: a tensor of the module is 4 MiB
    return plugin::Footprint::now();
  };
  // A thread's arena may take a tensor into its reserve once, which is one round's; a leak shows in each of them.
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  for (int round = 0; round < kRounds; ++round) {
    const auto before = held();
    for (int i = 0; i < kCycles; ++i) cycle();
    const auto grown = held() - before;
    std::cout << kCycles << " cycles in a thread: " << grown.text() << '\n';
    least = std::min<std::int64_t>(least, grown.resident_bytes);
  }
  if (LAT_SANITIZER == 0)  // it keeps memory that was given back
    CHECK(least < kCycles * (64 << 10));
}

TEST_CASE("two modules are two senses of one host, and one goes while the other computes") {
  const bool in_thread = GENERATE(true, false);
  CAPTURE(in_thread);
  const Rows signs(forward("return x * 2")), voice(forward("return x + 1"));
  tensor::fix_threads(test::kThreads);
  plugin::PluginHost host({test::build_folder() / "lib/lateral"});
  const auto load = [&](const std::string& id, const Rows& rows) {
    auto options = in_thread ? test::thread_with(rows.options()) : test::process_with(rows.options());
    options.id = id;
    CHECK(host.load("torch-module", options) == id);
    return host.make_encoder(id);
  };
  auto doubling = load("signs", signs);
  const auto adding = load("voice", voice);
  CHECK(doubling->spec().token_space != adding->spec().token_space);
  const auto rows = table(20);
  const std::vector<plugin::Input> inputs{test::input_of("rows", InputKind::Table, rows)};
  const auto given = [&](plugin::Encoder& encoder) { return test::as_tensor(encoder.encode(inputs).tokens); };

  std::atomic<bool> over{false};
  auto added = std::async(std::launch::async, [&] {
    bool right = true;
    while (right && !over) right = at::equal(given(*adding), rows + 1);
    return right;
  });
  for (int i = 0; i < 50; ++i) CHECK(at::equal(given(*doubling), rows * 2));
  doubling.reset();
  const auto report = host.unload("signs");
  INFO(report.reason);
  CHECK(report.unmapped());
  over = true;
  CHECK(added.get());
  CHECK(at::equal(given(*adding), rows + 1));
  CHECK(host.unload("voice").unmapped());
}

#if LAT_SANITIZER == LAT_SANITIZER_ADDRESS
// libtorch forgets its reader of an archive that it refuses.
extern "C" const char* __lsan_default_suppressions() {
  return "leak:mz_zip_reader_";
}
#endif
