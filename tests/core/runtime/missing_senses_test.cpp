#include <string>

#include "core/runtime/runtime.hpp"
#include "tests/core/runtime/tiny_world.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/errors.hpp"

using namespace lateral;
using namespace lateral::runtime;

namespace {

constexpr std::string_view kQuestion = "what is here";

/// "template" and "faulty" attached; the latter breaks what `fault` names.
struct TwoSenses {
  test::TinyWorld world;
  std::unique_ptr<Runtime> runtime;

  explicit TwoSenses(const std::string& fault = {}, const std::string& isolation = "thread") {
    world.isolation = isolation;
    world.write_adapter("template.safetensors");
    world.write_adapter("faulty.safetensors", test::for_faulty());
    world.write_readings("template.npy", {0.5F, 1, 2});
    world.write_readings("faulty.npy", {1, 2, 3, 4}, 2);
    const std::string options = fault.empty() ? "" : "[plugin.faulty.options]\nfault = \"" + fault + "\"\n";
    runtime = std::make_unique<Runtime>(
        world.config(options + test::connection("template") + test::connection("faulty")));
    for (const auto& result : runtime->load_configured()) REQUIRE(result.error.empty());
    REQUIRE(runtime->attached().size() == 2);
  }
  void see_template() { runtime->set_input("template", {{"", {world / "template.npy"}}}); }
  void see_faulty() { runtime->set_input("faulty", {{"readings", {world / "faulty.npy"}}}); }
};

/// What the same question gives when only "template" is attached.
Answer with_template_alone() {
  TwoSenses two;
  two.runtime->wire({"template"});
  two.see_template();
  return two.runtime->ask(kQuestion);
}

}  // namespace

TEST_CASE("a sense without input is reported missing and changes nothing") {
  TwoSenses two;
  two.runtime->wire({"template"});
  two.runtime->detach("template");
  const Answer text_only = two.runtime->ask(kQuestion);
  two.runtime->wire({});
  const Answer blind = two.runtime->ask(kQuestion);
  REQUIRE(blind.missing.size() == 2);
  CHECK(blind.missing[0].connection == "faulty");
  CHECK(blind.missing[0].reason == "no input");
  CHECK(blind.senses.empty());
  CHECK(blind.logits == text_only.logits);
  CHECK(blind.ids == text_only.ids);

  two.see_template();
  const Answer half = two.runtime->ask(kQuestion);
  CHECK(half.senses == std::vector<std::string>{"template"});
  REQUIRE(half.missing.size() == 1);
  CHECK(half.missing[0].connection == "faulty");
}

TEST_CASE("an encode that fails costs its own tokens, and the answer goes on with the others") {
  const Answer expected = with_template_alone();
  for (const std::string fault :
       {"encode-throws", "encode-throws-int", "nan", "no-tokens", "too-many-tokens"}) {
    INFO(fault);
    TwoSenses two(fault);
    two.see_template();
    two.see_faulty();
    for (int again = 0; again < 2; ++again) {
      const Answer answer = two.runtime->ask(kQuestion);
      CHECK(answer.senses == std::vector<std::string>{"template"});
      REQUIRE(answer.missing.size() == 1);
      CHECK(answer.missing[0].connection == "faulty");
      CHECK_FALSE(answer.missing[0].reason.empty());
      CHECK(answer.logits == expected.logits);
      CHECK(answer.ids == expected.ids);
    }
    CHECK_NOTHROW(two.runtime->unload("faulty"));
  }
}

TEST_CASE("the reason of a failing encode is in the plugin's words") {
  TwoSenses two("encode-throws");
  two.see_faulty();
  const Answer answer = two.runtime->ask(kQuestion);
  REQUIRE(answer.missing.size() == 2);
  CHECK(answer.missing[0].reason.find("a wheel fell off") != std::string::npos);
}

TEST_CASE("inputs given with a question are seen by it alone") {
  TwoSenses two;
  const Answer blind = two.runtime->ask(kQuestion);
  AskOptions options;
  options.inputs.emplace()["template"] = test::readings({0.5F, 1, 2});
  const Answer given = two.runtime->ask(kQuestion, options);
  CHECK(given.senses == std::vector<std::string>{"template"});
  CHECK(two.runtime->ask(kQuestion).logits == blind.logits);

  two.see_template();
  two.see_faulty();
  CHECK(two.runtime->ask(kQuestion).senses.size() == 2);
  options.inputs->clear();
  CHECK(two.runtime->ask(kQuestion, options).logits == blind.logits);
}

TEST_CASE("the same numbers from a file and from memory give the same answer") {
  TwoSenses two;
  two.see_template();
  const Answer from_file = two.runtime->ask(kQuestion);
  const Answer kept = two.runtime->ask(kQuestion);
  two.runtime->set_input("template", test::readings({0.5F, 1, 2}));
  const Answer from_memory = two.runtime->ask(kQuestion);
  CHECK(kept.logits == from_file.logits);
  CHECK(from_memory.logits == from_file.logits);
}

TEST_CASE("an input that cannot be read leaves the one before") {
  TwoSenses two;
  two.see_template();
  const Answer before = two.runtime->ask(kQuestion);
  CHECK_THROWS_AS(two.runtime->set_input("template", {{"", {two.world / "absent.npy"}}}), Error);
  CHECK_THROWS_AS(two.runtime->set_input("template", {{"picture", {two.world / "template.npy"}}}), Error);
  CHECK(two.runtime->ask(kQuestion).logits == before.logits);
}

TEST_CASE("a sense whose worker dies is missing with the reason, and the answer goes on with the others") {
  const Answer expected = with_template_alone();
  TwoSenses two("crashes", "process");
  two.see_template();
  two.see_faulty();
  const Answer answer = two.runtime->ask(kQuestion);
  CHECK(answer.logits == expected.logits);
  CHECK(answer.senses == std::vector<std::string>{"template"});
  REQUIRE(answer.missing.size() == 1);
  CHECK(answer.missing[0].reason.find("its worker crashed with SIGABRT in encode") != std::string::npos);

  const Answer later = two.runtime->ask(kQuestion);
  CHECK(later.logits == expected.logits);
  REQUIRE(later.missing.size() == 1);
  CHECK(later.missing[0].reason.find("is quarantined") != std::string::npos);
  for (const auto& plugin : two.runtime->status().plugins) {
    CHECK(plugin.isolation == "process");
    CHECK(plugin.state == (plugin.id == "faulty" ? "quarantined" : "active"));
  }
  CHECK(two.runtime->unload("faulty").outcome == "unmapped");
}

TEST_CASE("tokens too large to compute with cost their sense, and the answer goes on with the others") {
  test::TinyWorld world;
  world.write_adapter("template.safetensors");
  world.write_adapter("evolving.safetensors", test::for_evolving());
  Runtime runtime(world.config(test::connection("template") + test::connection("evolving")));
  for (const auto& result : runtime.load_configured()) REQUIRE(result.error.empty());
  runtime.set_input("template", test::readings({0.5F, 1, 2}));
  runtime.wire({"template"});
  const Answer expected = runtime.ask(kQuestion);
  runtime.wire({});
  for (const float value : {3e38F, 1e30F}) {
    const auto file = world.write_readings("large-" + std::to_string(value) + ".npy", {value});
    runtime.set_input("evolving", {{"", {file}}});
    for (int again = 0; again < 2; ++again) {
      const Answer answer = runtime.ask(kQuestion);
      CHECK(answer.logits == expected.logits);
      CHECK(answer.ids == expected.ids);
      CHECK(answer.senses == std::vector<std::string>{"template"});
      REQUIRE(answer.missing.size() == 1);
      CHECK(answer.missing[0].connection == "evolving");
      CHECK(answer.missing[0].reason.find("keys or values of magnitude") != std::string::npos);
    }
  }
  runtime.set_input("evolving", test::readings({0.5F}));
  CHECK(runtime.ask(kQuestion).senses.size() == 2);
}
