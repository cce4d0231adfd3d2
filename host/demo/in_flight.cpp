#include "host/demo/in_flight.hpp"

#include <atomic>
#include <future>
#include <latch>
#include <mutex>

namespace lateral::host::demo {
namespace {

constexpr std::int64_t kTokens = 64;

}  // namespace

bool unchanged_in_flight(runtime::Runtime& runtime, const std::vector<std::string>& questions,
                         const std::map<std::string, runtime::SensorData>& inputs,
                         const std::function<void()>& disturb) {
  std::vector<runtime::Answer> quiet;
  runtime::AskOptions options;
  options.min_new_tokens = kTokens;
  options.inputs = inputs;
  for (const auto& question : questions) quiet.push_back(runtime.ask(question, options));

  std::latch all_begun(static_cast<std::ptrdiff_t>(questions.size()));
  std::atomic<std::size_t> running = questions.size();
  std::vector<std::future<runtime::Answer>> flying;
  for (const auto& question : questions) {
    flying.push_back(std::async(std::launch::async, [&, question] {
      runtime::AskOptions own = options;
      std::once_flag begun;
      own.on_text = [&](std::string_view) { std::call_once(begun, [&] { all_begun.count_down(); }); };
      // An answer that fails must not leave the others waiting for its first token.
      struct Done {
        std::atomic<std::size_t>& count;
        std::latch& latch;
        std::once_flag& flag;
        ~Done() {
          std::call_once(flag, [this] { latch.count_down(); });
          --count;
        }
      } const done{running, all_begun, begun};
      return runtime.ask(question, own);
    }));
  }
  all_begun.wait();
  do {
    disturb();
  } while (running > 0);

  bool same = true;
  for (std::size_t i = 0; i < flying.size(); ++i) {
    const runtime::Answer answer = flying[i].get();
    same &= answer.ids == quiet[i].ids && answer.logits == quiet[i].logits;
  }
  return same;
}

}  // namespace lateral::host::demo
