// What a worker process answers its host, and what it reads of the host's questions. The first byte says which message.
// A message that is taken is written again: the same bytes, so that nothing in it was passed over.

#include <algorithm>

#include "core/base/error.hpp"
#include "core/plugin/worker/messages.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace lateral;
using namespace lateral::plugin;
using fuzz::Input;
using fuzz::require;

template <typename Message>
void there_and_back(Input bytes) {
  worker::Writer out;
  write(out, worker::parse<Message>(bytes));
  require(std::ranges::equal(out.bytes(), bytes), "a message is written as it was read");
}

template <typename Message>
void answer(Input bytes) {
  worker::parse_answer<Message>(bytes, [](const worker::Failure& failure) {
    throw Error(Errc::PluginFault, "worker", failure.overran ? "an overrun" : "a refusal");
  });
}

/// Options are a map: the order of keys and keys written twice are lost.
void options(Input bytes) {
  worker::Writer once, twice;
  write(once, worker::parse<OptionMap>(bytes));
  write(twice, worker::parse<OptionMap>(once.bytes()));
  require(std::ranges::equal(once.bytes(), twice.bytes()), "options are written as they were read");
}

void encoders(Input bytes) {
  for (const auto& encoder : worker::parse<worker::EncodersReply>(bytes).encoders) {
    require(!encoder.name.empty() && encoder.token_width > 0, "a declared encoder is sound");
  }
}

}  // namespace

void lateral::fuzz::run(Input input) {
  if (input.empty()) return;
  const auto rest = input.subspan(1);
  constexpr void (*kReaders[])(Input) = {
      encoders,
      options,
      answer<worker::LoadReply>,
      answer<worker::EncodersReply>,
      answer<worker::EncodeReply>,
      answer<worker::Handle>,
      there_and_back<worker::LoadRequest>,
      there_and_back<worker::LoadReply>,
      there_and_back<worker::LanesRequest>,
      there_and_back<worker::EncodeRequest>,
      there_and_back<worker::EncodeReply>,
      there_and_back<worker::CancelRequest>,
      there_and_back<worker::ShutdownRequest>,
      there_and_back<worker::Failure>,
  };
  kReaders[std::to_integer<std::size_t>(input[0]) % std::size(kReaders)](rest);
}
