// Memory that is not the plugin's: beside buffers, in inputs, and after the call.

#include <chrono>
#include <memory>
#include <thread>

#include "core/conformance/encode_call.hpp"
#include "core/conformance/probes/probes.hpp"
#include "core/conformance/sample.hpp"
#include "core/conformance/subject.hpp"

namespace lateral::conformance {
namespace {

constexpr std::chrono::milliseconds kLateWriter{60};

void in_form(Probe& probe, CallForm form) {
  with_started(probe, [&](Subject& subject) {
    for (std::uint32_t i = 0; i < subject.specs().size(); ++i) {
      const auto& spec = subject.specs()[i];
      const auto handle = subject.create(i);
      for (const auto& sample : make_samples(spec, probe.settings().seed)) {
        EncodeCall call(spec, sample, form);
        call.run(subject, handle);
        call.check_borders();
      }
    }
  });
}

void right(Probe& probe) {
  in_form(probe, {.side = GuardedMemory::Side::Right});
}

void left(Probe& probe) {
  in_form(probe, {.side = GuardedMemory::Side::Left});
}

/// What was lent for a call is taken away when it returns; whoever kept a pointer runs into it, at once in the next
/// call, or a little later on a thread of its own.
void late(Probe& probe) {
  with_started(probe, [&](Subject& subject) {
    for (std::uint32_t i = 0; i < subject.specs().size(); ++i) {
      const auto& spec = subject.specs()[i];
      const auto handle = subject.create(i);
      const Sample sample = make_sample(spec, probe.settings().seed);
      std::vector<std::unique_ptr<EncodeCall>> calls;
      for (int round = 0; round < 3; ++round) {
        calls.push_back(std::make_unique<EncodeCall>(spec, sample));
        calls.back()->run(subject, handle);
        calls.back()->withdraw();
        probe.phase("the time after encode");
        std::this_thread::sleep_for(kLateWriter);
      }
      subject.destroy(handle);
    }
    subject.shutdown();
  });
}

/// plan keeps nothing either: encode gets its inputs at other addresses.
void planned_elsewhere(Probe& probe) {
  with_started(probe, [&](Subject& subject) {
    for (std::uint32_t i = 0; i < subject.specs().size(); ++i) {
      const auto& spec = subject.specs()[i];
      const auto handle = subject.create(i);
      const Sample sample = make_sample(spec, probe.settings().seed);
      EncodeCall planned(spec, sample);
      if (!planned.plan(subject, handle).ok()) continue;
      const auto tokens = planned.planned().n_tokens;
      const auto workspace = planned.planned().workspace_bytes;
      planned.withdraw();
      EncodeCall encoded(spec, sample);
      encoded.assume_plan(tokens, workspace);
      if (encoded.encode(subject, handle).ok()) encoded.check_counts();
    }
  });
}

}  // namespace

std::vector<ProbeInfo> memory_probes() {
  const std::string_view bounds =
      "Stay within capacity_bytes and the shape of each tensor: an output has as many rows as "
      "plan said, an input is read-only and may be as small as one element.";
  return {
      {&right,
       Stage::Encode,
       2,
       {{"memory.guard.right", "nothing is touched behind the end of a buffer", bounds}}},
      {&left,
       Stage::Encode,
       2,
       {{"memory.guard.left", "nothing is touched before the beginning of a buffer", bounds}}},
      {&late,
       Stage::Encode,
       2,
       {{"memory.late", "nothing of a call is touched after it returned",
         "Copy what you need: inputs, outputs, names and structs are valid until the call returns."}}},
      {&planned_elsewhere,
       Stage::Encode,
       1,
       {{"memory.plan", "encode needs nothing that plan saw",
         "Keep no pointers between plan and encode; the tensors may lie elsewhere."}}},
  };
}

}  // namespace lateral::conformance
