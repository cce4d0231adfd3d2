#include <algorithm>
#include <string>

#include "core/runtime/runtime.hpp"
#include "tests/core/runtime/thread_limit.hpp"
#include "tests/core/runtime/tiny_world.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/errors.hpp"

using namespace lateral;
using namespace lateral::runtime;
using Names = std::vector<std::string>;

namespace {

constexpr std::string_view kQuestion = "what is here";

bool same(const Answer& a, const Answer& b) {
  return a.ids == b.ids && a.logits == b.logits && a.text == b.text;
}

std::string state_of(const Runtime& runtime, const std::string& connection) {
  for (const auto& status : runtime.status().connections) {
    if (status.name == connection) return status.state;
  }
  return "not there";
}

}  // namespace

TEST_CASE("a configuration that this model cannot have is refused with its place in the file") {
  const test::TinyWorld world;
  const auto refusal = [&](const std::string& rest) {
    return test::thrown_by([&] { Runtime runtime(world.config(rest)); });
  };
  const auto blocks = refusal("[[connection]]\nplugin = \"template\"\nblocks = [2, 9]\n");
  CHECK(blocks.code == Errc::InvalidArgument);
  CHECK(blocks.mentions("world.toml:18"));
  CHECK(refusal("[[connection]]\nplugin = \"template\"\nreduce = { method = \"prumerge\" }\n").code ==
        Errc::Unsupported);
  CHECK(refusal("[[connection]]\nname = \"a\"\nplugin = \"counter\"\nencoder = \"ones\"\n"
                "[[connection]]\nname = \"b\"\nplugin = \"counter\"\nencoder = \"tens\"\n")
            .mentions("one encoder of a plugin"));
  std::filesystem::remove(world / "model/config.json");
  CHECK(refusal("").code == Errc::NotFound);
}

TEST_CASE("a model whose tokenizer has more ids than it has rows is refused") {
  const test::TinyWorld one;
  const test::TinyWorld other;
  // A vocabulary of 4 instead of about 300.
  const auto tokenizer = one / "model/tokenizer.json";
  test::write_file(one / "model/tokenizer_config.json", "{}");
  const auto text = [&] {
    std::ifstream in(tokenizer);
    return std::string(std::istreambuf_iterator<char>(in), {});
  }();
  const auto at = text.find("\"</s>\"");
  REQUIRE(at != std::string::npos);
  std::string grown = text;
  for (std::size_t found = 0; (found = grown.find("\"id\":1,", found)) != std::string::npos; ++found) {
    grown.replace(found, 7, "\"id\":9999,");
  }
  for (std::size_t found = 0; (found = grown.find("\"</s>\":1,", found)) != std::string::npos; ++found) {
    grown.replace(found, 9, "\"</s>\":9999,");
  }
  if (grown == text) return;  // written in another layout: nothing to damage this way
  test::write_file(tokenizer, grown);
  CHECK_THROWS_AS(Runtime(one.config()), Error);
}

TEST_CASE("a host without plugins answers, the same each time") {
  const test::TinyWorld world;
  Runtime runtime(world.config());
  const Answer first = runtime.ask(kQuestion), second = runtime.ask(kQuestion);
  CHECK_FALSE(first.ids.empty());
  CHECK(first.ids.size() <= 8);
  CHECK(first.senses.empty());
  CHECK(first.missing.empty());
  CHECK(first.logits.size() == 16);
  CHECK(same(first, second));
  CHECK(runtime.ask("name the thing").logits != first.logits);
  CHECK(runtime.status().model_identity == world.model_identity());
  CHECK(runtime.status().layers == 4);
}

TEST_CASE("min_new_tokens keeps an answer going, also beyond max_new_tokens") {
  const test::TinyWorld world;
  Runtime runtime(world.config());
  AskOptions options;
  options.min_new_tokens = 20;
  std::string streamed;
  options.on_text = [&](std::string_view piece) { streamed += piece; };
  const Answer answer = runtime.ask(kQuestion, options);
  CHECK(answer.ids.size() == 20);
  CHECK_FALSE(streamed.empty());
}

TEST_CASE("a cancelled question ends with Cancelled") {
  const test::TinyWorld world;
  Runtime runtime(world.config());
  AskOptions options;
  options.cancel.cancel();
  CHECK(test::thrown_by([&] { runtime.ask(kQuestion, options); }).code == Errc::Cancelled);
  CHECK(runtime.status().answers_running == 0);
}

TEST_CASE("a plugin without an adapter loads, and wiring it says how to get one") {
  const test::TinyWorld world;
  Runtime runtime(world.config(test::connection("template")));
  const auto loaded = runtime.load("template");
  CHECK(loaded.plugin == "template");
  CHECK(loaded.version == "1.0.0");
  CHECK(loaded.attached.empty());
  CHECK(std::any_of(loaded.notes.begin(), loaded.notes.end(), [](const std::string& note) {
    return note.find("train one: lateral adapt") != std::string::npos;
  }));
  for (const auto& error : {test::thrown_by([&] { runtime.wire({"template"}); }),
                            test::thrown_by([&] { runtime.attach("template"); })}) {
    CHECK(error.code == Errc::FailedPrecondition);
    CHECK(error.mentions("train one: lateral adapt"));
    CHECK(error.mentions("--plugin template"));
  }
  CHECK(runtime.wire({}).empty());
  CHECK(state_of(runtime, "template") == "no adapter");
  CHECK(runtime.ask(kQuestion).missing.empty());
}

TEST_CASE(
    "an adapter of another model or token space is refused with one error, and what was attached stays") {
  const test::TinyWorld world;
  Runtime runtime(world.config(test::connection("template") + test::connection("faulty")));
  world.write_adapter("template.safetensors");
  runtime.load("template");
  runtime.set_input("template", test::readings({0.5F, 1}));
  const Answer before = runtime.ask(kQuestion);

  auto plan = test::for_faulty();
  plan.base_model = "0123456789abcdef";
  world.write_adapter("faulty.safetensors", plan);
  const auto loaded = runtime.load("faulty");
  CHECK(loaded.attached.empty());
  auto error = test::thrown_by([&] { runtime.wire({"faulty"}); });
  CHECK(error.code == Errc::AbiMismatch);
  CHECK(error.mentions("0123456789abcdef"));
  CHECK(error.mentions(world.model_identity()));
  CHECK(runtime.attached() == Names{"template"});

  plan = test::for_faulty();
  plan.token_space = "faulty-0";
  world.write_adapter("faulty.safetensors", plan);
  error = test::thrown_by([&] { runtime.attach("faulty"); });
  CHECK(error.code == Errc::AbiMismatch);
  CHECK(error.mentions("faulty-0"));
  CHECK(error.mentions("faulty-1"));
  CHECK(runtime.attached() == Names{"template"});
  CHECK(same(runtime.ask(kQuestion), before));
}

TEST_CASE("wiring names what it does not know, and changes nothing when anything is refused") {
  const test::TinyWorld world;
  world.write_adapter("template.safetensors");
  Runtime runtime(world.config(test::connection("template") + test::connection("faulty")));
  runtime.load("template");
  CHECK(test::thrown_by([&] { runtime.wire({"tempalte"}); }).mentions("it has: template, faulty"));
  CHECK(test::thrown_by([&] {
          runtime.wire({"faulty"});
        }).mentions("'faulty' is not loaded; loaded: template"));
  CHECK(test::thrown_by([&] { runtime.attach("nobody"); }).code == Errc::NotFound);
  CHECK(test::thrown_by([&] { runtime.detach("faulty"); }).code == Errc::NotFound);
  CHECK(test::thrown_by([&] { runtime.unload("faulty"); }).code == Errc::NotFound);
  CHECK(test::thrown_by([&] { runtime.set_input("faulty", test::readings({1})); }).code == Errc::NotFound);
  CHECK(test::thrown_by([&] { runtime.rollback("faulty"); }).code == Errc::NotFound);
  CHECK(test::thrown_by([&] { runtime.rollback("template"); }).code == Errc::FailedPrecondition);
  CHECK(test::thrown_by([&] { runtime.load("template"); }).code == Errc::FailedPrecondition);
  CHECK(test::thrown_by([&] { runtime.load("absent"); }).code == Errc::NotFound);
  CHECK(runtime.attached() == Names{"template"});
}

TEST_CASE("a sense changes answers while it is attached, and unloading it gives back the text-only bits") {
  const test::TinyWorld world;
  world.write_adapter("template.safetensors");
  Runtime runtime(world.config(test::connection("template")));
  const Answer text_only = runtime.ask(kQuestion);

  for (int round = 0; round < 2; ++round) {
    CHECK(runtime.load("template").attached == Names{"template"});
    runtime.set_input("template", test::readings({0.5F, 1, 2}));
    const Answer seen = runtime.ask(kQuestion);
    CHECK(seen.senses == Names{"template"});
    CHECK(seen.missing.empty());
    CHECK(seen.logits != text_only.logits);
    runtime.set_input("template", test::readings({-2, 0.25F}));
    CHECK(runtime.ask(kQuestion).logits != seen.logits);

    runtime.detach("template");
    CHECK(same(runtime.ask(kQuestion), text_only));
    CHECK(state_of(runtime, "template") == "ready");
    runtime.attach("template");
    runtime.set_input("template", test::readings({0.5F, 1, 2}));
    CHECK(same(runtime.ask(kQuestion), seen));

    const auto unloaded = runtime.unload("template");
    CHECK(unloaded.detached == Names{"template"});
    CHECK(unloaded.outcome == "unmapped");
    CHECK(unloaded.reason.empty());
    const Answer after = runtime.ask(kQuestion);
    CHECK(same(after, text_only));
    CHECK(after.senses.empty());
    CHECK(state_of(runtime, "template") == "not loaded");
  }
}

TEST_CASE("exactly the named connections are attached, and alone all that can be") {
  const test::TinyWorld world;
  world.write_adapter("template.safetensors");
  world.write_adapter("faulty.safetensors", test::for_faulty());
  Runtime runtime(world.config(test::connection("template") + test::connection("faulty")));
  for (const auto& result : runtime.load_configured()) CHECK(result.error.empty());
  CHECK(runtime.attached() == Names{"faulty", "template"});
  CHECK(runtime.wire({"faulty"}) == Names{"faulty"});
  CHECK(runtime.attached() == Names{"faulty"});
  CHECK(runtime.wire({"template", "template"}) == Names{"template"});
  CHECK(runtime.attached() == Names{"template"});
  CHECK(runtime.wire({}) == Names{"template", "faulty"});
  CHECK(runtime.attached().size() == 2);
}

TEST_CASE("a configured plugin that does not load costs its own result, not the others") {
  const test::TinyWorld world;
  world.write_adapter("template.safetensors");
  Runtime runtime(world.config("load = [\"absent\", \"template\"]\n" + test::connection("template")));
  const auto results = runtime.load_configured();
  REQUIRE(results.size() == 2);
  CHECK(results[0].plugin == "absent");
  CHECK(results[0].code == Errc::NotFound);
  CHECK_FALSE(results[0].error.empty());
  CHECK(results[1].error.empty());
  CHECK(runtime.attached() == Names{"template"});
}

TEST_CASE("an adapter's file that cannot be looked at costs its connection alone, and the reason is told") {
  const test::TinyWorld world;
  world.write_adapter("template.safetensors");
  std::filesystem::create_symlink("circle", world / "circle");
  const std::string adapter = GENERATE(std::string("circle"), std::string(300, 'x'));
  Runtime runtime(world.config(test::connection("template") +
                               "[[connection]]\nplugin = \"faulty\"\nadapter = \"" + adapter + "\"\n"));
  const auto results = runtime.load_configured();
  REQUIRE(results.size() == 2);
  for (const auto& result : results) CHECK(result.error.empty());
  CHECK(results[1].notes.back().find("cannot look at") != std::string::npos);
  CHECK(runtime.attached() == Names{"template"});
  CHECK(state_of(runtime, "faulty") == "unreadable");
  CHECK(runtime.status().connections[1].reason.find(adapter) != std::string::npos);
  CHECK(runtime.wire({}) == Names{"template"});
  const auto error = test::thrown_by([&] { runtime.wire({"faulty"}); });
  CHECK(error.code == Errc::Io);
  CHECK(error.mentions(adapter));
  CHECK(test::thrown_by([&] { runtime.rollback("faulty"); }).code == Errc::Io);
  CHECK(runtime.attached() == Names{"template"});
}

TEST_CASE("a plugin whose unloading fails is detached and still found, and can be unloaded again") {
  const test::TinyWorld world;
  world.write_adapter("template.safetensors");
  Runtime runtime(world.config(test::connection("template")));
  runtime.load("template");
  {
    const test::NoMoreThreads limit;
    CHECK(test::thrown_by([&] { runtime.unload("template"); }).code == Errc::ResourceExhausted);
  }
  CHECK(runtime.attached().empty());
  CHECK(runtime.status().plugins.size() == 1);
  CHECK(test::thrown_by([&] { runtime.load("template"); }).mentions("already loaded"));
  runtime.unload("template");
  CHECK(runtime.status().plugins.empty());
  CHECK(runtime.load("template").attached == Names{"template"});
}

TEST_CASE("a plugin's options reach it, and a connection chooses its encoder") {
  const test::TinyWorld world;
  {
    Runtime runtime(world.config("[plugin.faulty.options]\nfault = \"init-throws\"\n"));
    const auto error = test::thrown_by([&] { runtime.load(world.plugin_file("faulty").string()); });
    CHECK(error.mentions("no weights today"));
    CHECK(runtime.status().plugins.empty());
  }
  Runtime runtime(world.config("[[connection]]\nplugin = \"counter\"\nencoder = \"absent\"\n"));
  CHECK_THROWS_AS(runtime.load("counter"), Error);
  CHECK(runtime.status().plugins.empty());
  Runtime other(world.config("[[connection]]\nplugin = \"counter\"\nencoder = \"tens\"\n"));
  CHECK(other.load("counter").plugin == "counter");
}

TEST_CASE("status tells what is loaded and wired") {
  const test::TinyWorld world;
  world.write_adapter("template.safetensors");
  Runtime runtime(world.config(test::connection("template") + test::connection("faulty")));
  runtime.load("template");
  auto status = runtime.status();
  REQUIRE(status.plugins.size() == 1);
  CHECK(status.plugins[0].id == "template");
  CHECK(status.plugins[0].state == "active");
  CHECK_FALSE(status.plugins[0].has_input);
  CHECK(status.plugins[0].encoders.at(0).token_space == "template-1");
  REQUIRE(status.connections.size() == 2);
  CHECK(status.connections[0].state == "attached");
  CHECK(status.connections[0].blocks == "2..3");
  CHECK(status.connections[1].state == "not loaded");
  runtime.set_input("template", test::readings({1}));
  CHECK(runtime.status().plugins[0].has_input);
}
