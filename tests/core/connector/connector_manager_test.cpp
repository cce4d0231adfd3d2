#include "core/connector/connector_manager.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <limits>
#include <thread>

#include "core/base/error.hpp"
#include "tests/core/connector/support.hpp"
#include "tests/support/catch.hpp"

using namespace lateral;
using connector::ConnectorManager;
using connector::Samples;

namespace {

constexpr int kLayers = 6;

/// Counts how often keys and values are made.
class Counting final : public connector::Source {
 public:
  explicit Counting(std::shared_ptr<const connector::Source> inner) : inner_(std::move(inner)) {}
  const wiring::BlockSet& blocks() const override { return inner_->blocks(); }
  bool depends_on_text() const override { return reads_text; }
  std::unique_ptr<connector::SourceState> begin(const connector::Tokens& tokens,
                                                const connector::TextView& text) const override {
    ++begun;
    return inner_->begin(tokens, text);
  }
  std::optional<model::Segment> at(const model::BlockView& block, const at::Tensor& hidden,
                                   connector::SourceState& state) const override {
    return inner_->at(block, hidden, state);
  }
  std::vector<model::NamedTensor> parameters() const override { return {}; }

  mutable std::atomic<int> begun{0};
  bool reads_text = false;

 private:
  std::shared_ptr<const connector::Source> inner_;
};

struct Fixture {
  c10::NoGradGuard no_gradients;
  model::DecoderSpec spec = test::llama_spec();
  model::Decoder decoder = test::small_decoder(spec);
  ConnectorManager manager{kLayers, 4};
  at::Tensor ids = test::some_ids(1, 6);

  Samples sample(const std::string& connection, const std::string& id, std::uint64_t seed = 1) const {
    return {{connection, {id, test::some_tokens(1, 4, seed)}}};
  }
  at::Tensor ask(const Samples& samples) {
    return test::logits(decoder, ids, manager.begin_answer(samples).get());
  }
};

}  // namespace

TEST_CASE("a connection that cannot be attached or detached is refused and nothing changes") {
  Fixture f;
  f.manager.attach(test::connect("camera", f.spec));
  CHECK_THROWS_WITH(f.manager.attach(test::connect("camera", f.spec)), Catch::Contains("attached already"));
  CHECK_THROWS_WITH(f.manager.detach("lidar"), Catch::Contains("attached: camera"));
  CHECK_THROWS_AS(f.manager.attach(nullptr), Error);
  auto shallow = test::llama_spec();
  shallow.layers = 4;
  CHECK_THROWS_WITH(f.manager.attach(test::connect("lidar", shallow)),
                    Catch::Contains("a model of 4 blocks"));
  CHECK(f.manager.lease()->connections().size() == 1);
  CHECK_THROWS_AS(connector::connection_of("no good", test::adapter_for(f.spec)), Error);
}

TEST_CASE("the order of attaching does not change an answer's bits") {
  Fixture f;
  const auto camera = test::connect("camera", f.spec), lidar = test::connect("lidar", f.spec);
  Samples both = f.sample("camera", "picture", 1);
  both.merge(f.sample("lidar", "sweep", 2));
  f.manager.attach(camera);
  f.manager.attach(lidar);
  const at::Tensor one_way = f.ask(both);
  f.manager.detach("camera");
  CHECK_FALSE(at::equal(f.ask(both), one_way));
  f.manager.attach(camera);
  CHECK(at::equal(f.ask(both), one_way));
}

TEST_CASE("a plan for other blocks than the adapter was trained for is refused, naming both") {
  Fixture f;
  const auto adapter = test::adapter_for(f.spec);
  wiring::ConnectionPlan plan{"front", "camera", "main", wiring::Method::LateKv,
                              wiring::BlockSet::parse("1..2", kLayers)};
  CHECK_THROWS_WITH(connector::connection_of(plan, adapter),
                    Catch::Contains("blocks 1..2") && Catch::Contains("blocks 3..5"));
  plan.blocks = adapter.info().blocks;
  const auto connection = connector::connection_of(plan, adapter);
  CHECK(connection->id == "front");
  CHECK(connection->plugin == "camera");
}

TEST_CASE("tokens that are not finite are refused and what is attached stays attached") {
  Fixture f;
  f.manager.attach(test::connect("camera", f.spec));
  auto bad = f.sample("camera", "frame-1");
  bad["camera"].tokens.values[0][0][0] = std::numeric_limits<float>::infinity();
  CHECK_THROWS_AS(f.manager.begin_answer(bad), Error);
  CHECK_THROWS_AS(f.manager.begin_answer(bad), Error);  // the failure is not kept as a state
  CHECK_FALSE(at::equal(f.ask(f.sample("camera", "frame-1")), test::logits(f.decoder, f.ids)));
}

TEST_CASE("keys and values too large to compute with are refused, and the other modalities take part") {
  Fixture f;
  f.manager.attach(test::connect("camera", f.spec));
  f.manager.attach(test::connect("lidar", f.spec));
  const auto samples = [&](double scale) {
    Samples both = f.sample("camera", "scaled by " + std::to_string(scale));
    both["camera"].tokens.values.mul_(scale);
    both.merge(f.sample("lidar", "sweep", 2));
    return both;
  };
  for (const double scale : {1e15, 3e38}) {
    const auto huge = samples(scale);
    CHECK_THROWS_WITH(f.manager.begin_answer(huge), Catch::Contains("of magnitude"));
    std::vector<std::string> refused;
    const auto answer = f.manager.begin_answer(
        f.manager.lease(), huge, {},
        [&](const std::string& connection, const Error&) { refused.push_back(connection); });
    CHECK(refused == std::vector<std::string>{"camera"});
    CHECK(answer->active() == std::vector<std::string>{"lidar"});
  }
  // What float32 takes easily is no number in half precision.
  const auto wide = samples(1e6);
  CHECK(f.manager.begin_answer(wide)->active().size() == 2);
  CHECK_THROWS_WITH(
      f.manager.begin_answer(f.manager.lease(), wide, {.ids = {}, .valid = {}, .type = at::kHalf}),
      Catch::Contains("65504"));
}

TEST_CASE("detaching a modality restores the text-only logits bit for bit") {
  Fixture f;
  const auto never = test::logits(f.decoder, f.ids);
  f.manager.attach(test::connect("camera", f.spec, {.lora = true}));
  f.manager.attach(test::connect("lidar", f.spec, {.blocks = "2,4", .seed = 9, .lora = true}));
  CHECK(f.manager.first_block() == 2);
  Samples samples = f.sample("camera", "frame");
  samples["lidar"] = {"frame", test::some_tokens(1, 3, 8)};
  const auto both = f.ask(samples);
  CHECK_FALSE(at::equal(both, never));

  f.manager.detach("lidar");
  const auto camera = f.ask(samples);
  CHECK(f.manager.first_block() == 3);
  f.manager.detach("camera");
  CHECK(at::equal(f.ask(samples), never));
  CHECK(f.manager.first_block() == kLayers);
  CHECK(f.manager.kept_states() == 0);

  f.manager.attach(test::connect("camera", f.spec, {.lora = true}));
  CHECK(at::equal(f.ask(samples), camera));  // and it comes back as it was
}

TEST_CASE("an answer keeps the wiring it began with") {
  Fixture f;
  f.manager.attach(test::connect("camera", f.spec));
  const auto samples = f.sample("camera", "frame");
  const auto answer = f.manager.begin_answer(samples);
  const auto before = test::logits(f.decoder, f.ids, answer.get());
  const std::weak_ptr<const connector::Connection> held = f.manager.detach("camera");
  f.manager.attach(test::connect("camera", f.spec, {.seed = 77}));
  CHECK(at::equal(test::logits(f.decoder, f.ids, answer.get()), before));
  CHECK_FALSE(at::equal(f.ask(samples), before));
  CHECK_FALSE(held.expired());
}

TEST_CASE("what was detached is freed with the last answer that began with it") {
  Fixture f;
  f.manager.attach(test::connect("camera", f.spec));
  auto answer = f.manager.begin_answer(f.sample("camera", "frame"));
  const std::weak_ptr<const connector::Connection> held = f.manager.detach("camera");
  CHECK_FALSE(held.expired());
  answer.reset();
  CHECK(held.expired());
}

TEST_CASE("a connection is replaced in one step, in its place, and rolled back") {
  Fixture f;
  f.manager.attach(test::connect("camera", f.spec));
  f.manager.attach(test::connect("lidar", f.spec, {.seed = 5}));
  const auto samples = f.sample("camera", "frame");
  const auto first = f.ask(samples);
  const auto former = f.manager.replace(test::connect("camera", f.spec, {.seed = 6}));
  CHECK(f.manager.lease()->connections()[0]->id == "camera");
  CHECK_FALSE(at::equal(f.ask(samples), first));
  f.manager.replace(former);
  CHECK(at::equal(f.ask(samples), first));
  CHECK(f.manager.replace(test::connect("radar", f.spec)) == nullptr);
  CHECK(f.manager.lease()->connections().size() == 3);
}

TEST_CASE("keys and values are made once per sample and shared by all questions") {
  Fixture f;
  auto counting = std::make_shared<Counting>(test::connect("camera", f.spec)->source);
  f.manager.attach(test::fixed("camera", counting));
  const auto first = f.ask(f.sample("camera", "a"));
  CHECK(at::equal(f.ask(f.sample("camera", "a")), first));
  CHECK(counting->begun == 1);
  f.ask(f.sample("camera", "b", 2));
  CHECK(counting->begun == 2);
  f.ask(f.sample("camera", ""));  // a sample without a name is not kept
  CHECK(counting->begun == 3);
  CHECK(f.manager.kept_states() == 2);
  for (const char* const id : {"c", "d", "e"}) f.ask(f.sample("camera", id));
  CHECK(f.manager.kept_states() == 4);
  f.ask(f.sample("camera", "a"));  // the oldest had to go
  CHECK(counting->begun == 7);
}

TEST_CASE("a source that reads the question is begun for each") {
  Fixture f;
  auto counting = std::make_shared<Counting>(test::connect("camera", f.spec)->source);
  counting->reads_text = true;
  f.manager.attach(test::fixed("camera", counting));
  f.ask(f.sample("camera", "a"));
  f.ask(f.sample("camera", "a"));
  CHECK(counting->begun == 2);
  CHECK(f.manager.kept_states() == 0);
}

TEST_CASE("kept keys and values hold no graph, even when the adapter records gradients") {
  const auto spec = test::llama_spec();
  const auto adapter = test::adapter_for(spec);
  adapter.require_gradients(true);
  ConnectorManager manager(kLayers);
  manager.attach(connector::connection_of("camera", adapter));
  const auto decoder = test::small_decoder(spec);
  const auto answer = manager.begin_answer({{"camera", {"frame", test::some_tokens(1, 4, 1)}}});
  CHECK_FALSE(answer->segments(decoder.block(4), decoder.embed(test::some_ids(1, 2)))[0].k.requires_grad());
}

TEST_CASE("one answer's beams do not disturb another answer about the same sample") {
  Fixture f;
  f.manager.attach(test::connect("camera", f.spec));
  Samples samples{{"camera", {"two rows", test::some_tokens(2, 4, 1)}}};
  const auto first = f.manager.begin_answer(samples);
  const auto second = f.manager.begin_answer(samples);
  const auto ids = test::some_ids(2, 5);
  const auto before = test::logits(f.decoder, ids, second.get());
  first->select_rows(at::tensor(std::vector<std::int64_t>{1, 1}));
  CHECK(at::equal(test::logits(f.decoder, ids, second.get()), before));
}

TEST_CASE("threads that ask about the same new sample wait for one computation") {
  Fixture f;
  auto counting = std::make_shared<Counting>(test::connect("camera", f.spec)->source);
  f.manager.attach(test::fixed("camera", counting));
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] { f.manager.begin_answer(f.sample("camera", "frame")); });
  for (auto& thread : threads) thread.join();
  CHECK(counting->begun == 1);
}
