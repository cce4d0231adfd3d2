// The numbers themselves: finite, all written, the same again, wherever the memory lies.

#include <malloc.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "core/conformance/encode_call.hpp"
#include "core/conformance/probes/probes.hpp"
#include "core/conformance/sample.hpp"
#include "core/conformance/subject.hpp"

namespace lateral::conformance {
namespace {

/// Signalling NaNs with payloads that no computation gives.
constexpr std::uint32_t kPatterns[] = {0x7FA1'5EED, 0xFFA2'C0DE};

using Body = std::function<void(Subject&, const plugin::EncoderSpec&, std::uint64_t)>;

void for_each_encoder(Probe& probe, const Body& body) {
  with_started(probe, [&](Subject& subject) {
    for (std::uint32_t i = 0; i < subject.specs().size(); ++i)
      body(subject, subject.specs()[i], subject.create(i));
  });
}

/// `judge` sees every number of every output of every realistic sample.
void for_each_output(
    Probe& probe,
    const std::function<void(const EncodeCall::Output&, std::span<const float>, const Sample&)>& judge) {
  for_each_encoder(probe, [&](Subject& subject, const plugin::EncoderSpec& spec, std::uint64_t handle) {
    for (const auto& sample : make_samples(spec, probe.settings().seed)) {
      EncodeCall call(spec, sample);
      if (!call.run(subject, handle).ok()) continue;
      call.check_counts();
      for (const auto& output : call.outputs()) judge(output, call.values(output), sample);
    }
  });
}

std::string place(const EncodeCall::Output& output, std::size_t index) {
  return "number " + std::to_string(index % output.width) + " of row " +
         std::to_string(index / output.width) + " of \"" + output.name + "\"";
}

void finite(Probe& probe) {
  for_each_output(probe, [](const auto& output, auto values, const Sample& sample) {
    const auto bad =
        std::find_if(values.begin(), values.end(), [](float value) { return !std::isfinite(value); });
    if (bad == values.end()) return;
    breach(place(output, static_cast<std::size_t>(bad - values.begin())), " is ", *bad, " for the ",
           sample.name, " sample");
  });
}

void denormal(Probe& probe) {
  for_each_output(probe, [](const auto& output, auto values, const Sample& sample) {
    const auto bad = std::find_if(values.begin(), values.end(),
                                  [](float v) { return std::fpclassify(v) == FP_SUBNORMAL; });
    if (bad == values.end()) return;
    breach(place(output, static_cast<std::size_t>(bad - values.begin())), " is denormal (", *bad,
           ") for the ", sample.name, " sample");
  });
}

/// Numbers far beyond any sensor, which a broken driver may give.
void huge(Probe& probe) {
  for_each_encoder(probe, [&](Subject& subject, const plugin::EncoderSpec& spec, std::uint64_t handle) {
    const Sample sample = make_sample(spec, probe.settings().seed, Extent::Small, Content::Huge);
    EncodeCall call(spec, sample);
    if (!call.run(subject, handle).ok()) return;
    call.check_counts();
    for (const auto& output : call.outputs()) {
      for (const float value : call.values(output)) {
        if (!std::isfinite(value)) breach("\"", output.name, "\" holds ", value, " for inputs of +-1e30");
      }
    }
  });
}

void limit(Probe& probe) {
  for_each_encoder(probe, [&](Subject& subject, const plugin::EncoderSpec& spec, std::uint64_t handle) {
    if (spec.token_limit <= 0) return;
    for (const auto& sample : make_samples(spec, probe.settings().seed)) {
      EncodeCall call(spec, sample);
      if (!call.run(subject, handle).ok()) continue;
      call.check_counts();
      for (const float value : call.values(call.outputs().front())) {
        if (std::fabs(static_cast<double>(value)) > spec.token_limit) {
          breach("a token component is ", value, " for the ", sample.name, " sample; token_limit is ",
                 spec.token_limit);
        }
      }
    }
  });
}

/// A number that still holds the pattern it began with, whichever that was, was never written.
void unwritten(Probe& probe) {
  for_each_encoder(probe, [&](Subject& subject, const plugin::EncoderSpec& spec, std::uint64_t handle) {
    for (const auto& sample : make_samples(spec, probe.settings().seed)) {
      EncodeCall one(spec, sample, {.prefill = kPatterns[0]});
      EncodeCall two(spec, sample, {.prefill = kPatterns[1]});
      if (!one.run(subject, handle).ok() || !two.run(subject, handle).ok()) continue;
      one.check_counts();
      two.check_counts();
      for (std::size_t k = 0; k < one.outputs().size(); ++k) {
        const auto first = one.unwritten(one.outputs()[k]);
        const auto second = two.unwritten(two.outputs()[k]);
        std::vector<std::size_t> both;
        std::set_intersection(first.begin(), first.end(), second.begin(), second.end(),
                              std::back_inserter(both));
        if (!both.empty()) {
          breach(both.size(), " numbers were never written for the ", sample.name, " sample, the first is ",
                 place(one.outputs()[k], both.front()));
        }
        const auto values = one.values(one.outputs()[k]);
        const auto bad =
            std::find_if(values.begin(), values.end(), [](float value) { return std::isnan(value); });
        if (bad != values.end()) {
          breach(place(one.outputs()[k], static_cast<std::size_t>(bad - values.begin())),
                 " is made from what was in the output before");
        }
      }
    }
  });
}

void compare(const EncodeCall& one, const EncodeCall& two, const Sample& sample, const char* when) {
  const auto first = one.bits();
  const auto second = two.bits();
  if (first == second) return;
  const auto length = std::min(first.size(), second.size());
  const auto differ =
      std::mismatch(first.begin(), first.begin() + static_cast<std::ptrdiff_t>(length), second.begin());
  breach("the ", sample.name, " sample gives other bits ", when, ", first at number ",
         differ.first - first.begin());
}

/// Every realistic sample twice, in two forms of memory. Outputs begin as patterns, so that what is read before it is
/// written shows as a difference.
void twice(Probe& probe, CallForm first, CallForm second, const char* when) {
  for_each_encoder(probe, [&](Subject& subject, const plugin::EncoderSpec& spec, std::uint64_t handle) {
    if (!spec.deterministic) return;
    for (const auto& sample : make_samples(spec, probe.settings().seed)) {
      EncodeCall one(spec, sample, first);
      EncodeCall two(spec, sample, second);
      if (!one.run(subject, handle).ok() || !two.run(subject, handle).ok()) continue;
      one.check_counts();
      two.check_counts();
      compare(one, two, sample, when);
    }
  });
}

void deterministic(Probe& probe) {
  twice(probe, {}, {}, "the second time");
}

/// The C library fills what it gives with another pattern each time.
void uninitialised(Probe& probe) {
  for_each_encoder(probe, [&](Subject& subject, const plugin::EncoderSpec& spec, std::uint64_t handle) {
    if (!spec.deterministic) return;
    const Sample sample = make_sample(spec, probe.settings().seed);
    EncodeCall one(spec, sample);
    EncodeCall two(spec, sample);
    ::mallopt(M_PERTURB, 0x3C);
    const bool encoded = one.run(subject, handle).ok();
    ::mallopt(M_PERTURB, 0x43);
    if (encoded && two.run(subject, handle).ok())
      compare(one, two, sample, "when fresh memory holds something else");
    ::mallopt(M_PERTURB, 0);
  });
}

void address(Probe& probe) {
  twice(probe, {.side = GuardedMemory::Side::Left}, {.side = GuardedMemory::Side::Right},
        "at other addresses");
}

/// A fresh instance, after another sample: nothing may be carried over.
void history(Probe& probe) {
  with_started(probe, [&](Subject& subject) {
    for (std::uint32_t i = 0; i < subject.specs().size(); ++i) {
      const auto& spec = subject.specs()[i];
      if (!spec.deterministic) continue;
      const Sample sample = make_sample(spec, probe.settings().seed);
      const Sample other = make_sample(spec, probe.settings().seed + 1, Extent::Small);
      EncodeCall one(spec, sample);
      EncodeCall between(spec, other);
      EncodeCall two(spec, sample);
      const auto handle = subject.create(i);
      if (!one.run(subject, handle).ok()) continue;
      between.run(subject, handle);
      if (!two.run(subject, subject.create(i)).ok()) continue;
      one.check_counts();
      two.check_counts();
      compare(one, two, sample, "in another instance, after another sample");
    }
  });
}

void float_mode(Probe& probe) {
  Subject subject(probe);
  on_plugin_thread([&] {
    subject.start();
    for (std::uint32_t i = 0; i < subject.specs().size(); ++i) {
      const Sample sample = make_sample(subject.specs()[i], probe.settings().seed);
      EncodeCall call(subject.specs()[i], sample);
      const auto handle = subject.create(i);
      call.run(subject, handle);
      subject.destroy(handle);
    }
    subject.shutdown();
    if (!subject.float_mode_changed_by().empty()) {
      breach("the floating-point mode (rounding, flush-to-zero) is another after ",
             subject.float_mode_changed_by());
    }
    probe.board().finish();
    std::_Exit(0);
  });
}

}  // namespace

std::vector<ProbeInfo> numerics_probes() {
  return {
      {&finite,
       Stage::Encode,
       2,
       {{"numerics.finite", "every number of every output is finite",
         "Guard divisions, roots and logarithms; inputs may be all zero, all equal, a single row."}}},
      {&denormal,
       Stage::Encode,
       2,
       {{"numerics.denormal", "no number is denormal",
         "Flush tiny numbers to zero yourself: they slow every reader down."}},
       Verdict::Warn},
      {&huge,
       Stage::Encode,
       1,
       {{"numerics.huge", "inputs of +-1e30 do not become infinite",
         "Clamp inputs to what the sensor can give, or refuse them."}},
       Verdict::Warn},
      {&limit,
       Stage::Encode,
       2,
       {{"numerics.limit", "no token component exceeds token_limit",
         "Raise token_limit, or clamp the tokens."}}},
      {&unwritten,
       Stage::Encode,
       3,
       {{"numerics.unwritten", "every number of the tokens that it reports is written",
         "Write every row up to *n_tokens in full, zeros too: outputs are zero-filled only when "
         "LAT_TENSOR_ZERO_FILLED "
         "says so."}}},
      {&deterministic,
       Stage::Encode,
       3,
       {{"numerics.deterministic", "the same bytes in give the same bytes out, if it says so",
         "Seed random numbers from the input, sum in a fixed order, or do not declare "
         "LAT_ENCODER_DETERMINISTIC."}}},
      {&uninitialised,
       Stage::Encode,
       2,
       {{"numerics.uninitialised", "the result does not depend on what fresh memory holds",
         "Initialise what you read: valgrind and MemorySanitizer name the line. (new float[n] and malloc do "
         "not; "
         "std::vector does.)"}},
       Verdict::Warn},
      {&address,
       Stage::Encode,
       3,
       {{"numerics.address", "the result does not depend on where memory lies",
         "Do not let the alignment of a buffer decide how numbers are summed; do not use addresses as "
         "data."}}},
      {&history,
       Stage::Encode,
       2,
       {{"numerics.history", "the result does not depend on earlier samples",
         "Clear what an encode leaves behind, or do not declare LAT_ENCODER_DETERMINISTIC."}}},
      {&float_mode,
       Stage::Encode,
       1,
       {{"numerics.float-mode", "the floating-point mode is left as it was",
         "Do not build with -Ofast or -ffast-math (gcc < 13); restore rounding and flush-to-zero before you "
         "return."}}},
  };
}

}  // namespace lateral::conformance
