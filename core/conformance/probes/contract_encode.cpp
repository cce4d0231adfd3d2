// What plan and encode promise about numbers of tokens and about inputs.

#include <algorithm>

#include "core/conformance/encode_call.hpp"
#include "core/conformance/probes/probes.hpp"
#include "core/conformance/sample.hpp"
#include "core/conformance/subject.hpp"

namespace lateral::conformance {
namespace {

/// `body` for every encoder and one of its handles.
void for_each_encoder(Probe& probe,
                      const std::function<void(Subject&, const plugin::EncoderSpec&, std::uint64_t)>& body) {
  with_started(probe, [&](Subject& subject) {
    for (std::uint32_t i = 0; i < subject.specs().size(); ++i)
      body(subject, subject.specs()[i], subject.create(i));
  });
}

void check_status(const Answer& answer, const char* function, const Sample& sample) {
  if (answer.status < 0 || answer.status > LAT_UNAUTHENTICATED) {
    breach(function, " of the ", sample.name, " sample returns ", answer.status, ", which is no status");
  }
}

void plan_bounds(Probe& probe) {
  for_each_encoder(probe, [&](Subject& subject, const plugin::EncoderSpec& spec, std::uint64_t handle) {
    for (const auto& sample : make_samples(spec, probe.settings().seed)) {
      EncodeCall call(spec, sample);
      const Answer answer = call.plan(subject, handle);
      check_status(answer, "plan", sample);
      if (answer.ok()) call.check_plan();
    }
  });
}

void plan_by_shape(Probe& probe) {
  for_each_encoder(probe, [&](Subject& subject, const plugin::EncoderSpec& spec, std::uint64_t handle) {
    const Sample one = make_sample(spec, probe.settings().seed);
    const Sample other = make_sample(spec, probe.settings().seed + 1);
    EncodeCall first(spec, one);
    EncodeCall second(spec, other);
    const bool planned = first.plan(subject, handle).ok();
    if (planned != second.plan(subject, handle).ok() ||
        (planned && (first.planned().n_tokens != second.planned().n_tokens ||
                     first.planned().workspace_bytes != second.planned().workspace_bytes))) {
      breach("plan of \"", spec.name, "\" differs for two samples of one shape: ", first.planned().n_tokens,
             " and ", second.planned().n_tokens, " tokens");
    }
  });
}

void token_counts(Probe& probe) {
  for_each_encoder(probe, [&](Subject& subject, const plugin::EncoderSpec& spec, std::uint64_t handle) {
    for (const auto& sample : make_samples(spec, probe.settings().seed)) {
      EncodeCall call(spec, sample);
      const Answer answer = call.run(subject, handle);
      check_status(answer, "encode", sample);
      if (answer.ok()) call.check_counts();
    }
  });
}

void optional_inputs(Probe& probe) {
  for_each_encoder(probe, [&](Subject& subject, const plugin::EncoderSpec& spec, std::uint64_t handle) {
    const Sample sample = make_sample(spec, probe.settings().seed, Extent::Typical, Content::Typical, false);
    EncodeCall call(spec, sample);
    const Answer answer = call.run(subject, handle);
    if (!answer.ok())
      breach("\"", spec.name, "\" does not work without its optional inputs: ", answer.described());
    call.check_counts();
  });
}

void missing_inputs(Probe& probe) {
  for_each_encoder(probe, [&](Subject& subject, const plugin::EncoderSpec& spec, std::uint64_t handle) {
    const Sample nothing{"empty", {}};
    const bool all_optional =
        std::all_of(spec.inputs.begin(), spec.inputs.end(), [](const auto& input) { return input.optional; });
    EncodeCall call(spec, nothing);
    const Answer answer = call.run(subject, handle);
    if (answer.ok() && !all_optional)
      breach("\"", spec.name, "\" encodes a sample without any of its inputs");
  });
}

/// Throws Breach unless they are the same.
void require_same(const plugin::EncoderSpec& was, const plugin::EncoderSpec& is) {
  if (was == is) return;
  if (was.token_width != is.token_width)
    breach("encoder_info of \"", was.name, "\" says width ", is.token_width, " after ", was.token_width);
  breach("encoder_info of \"", was.name, "\" says something else the second time");
}

void info_again(Probe& probe) {
  with_started(probe, [&](Subject& subject) {
    const auto before = subject.specs();
    const auto handle = subject.create(0);
    const Sample sample = make_sample(before.front(), probe.settings().seed, Extent::Small);
    EncodeCall call(before.front(), sample);
    call.run(subject, handle);
    subject.destroy(handle);
    const auto& after = subject.describe();
    if (before.size() != after.size()) breach("encoder_count says ", after.size(), " after ", before.size());
    for (std::size_t i = 0; i < before.size(); ++i) require_same(before[i], after[i]);
  });
}

void tensors_stay(Probe& probe) {
  for_each_encoder(probe, [&](Subject& subject, const plugin::EncoderSpec& spec, std::uint64_t handle) {
    const Sample sample = make_sample(spec, probe.settings().seed);
    EncodeCall call(spec, sample);
    if (!call.plan(subject, handle).ok()) return;
    call.check_tensors("plan");
    call.encode(subject, handle);
    call.check_tensors("encode");
  });
}

void require_unused(const std::uint64_t (&words)[4], const char* where) {
  if (std::any_of(std::begin(words), std::end(words), [](auto word) { return word != 0; }))
    breach("it writes to the reserved fields of ", where);
}

void require_named(std::uint32_t flags, std::uint32_t named, const char* where) {
  if ((flags & ~named) != 0) breach("it sets flags of ", where, " that have no name: ", flags & ~named);
}

void declares_reserved(Subject& subject, std::uint32_t index) {
  lat_encoder_info info{};
  info.struct_size = sizeof info;
  subject.ask("encoder_info",
              [&](lat_err* err) { return subject.functions().encoder_info(index, &info, err); });
  require_unused(info.reserved, "lat_encoder_info");
  require_named(info.flags, LAT_ENCODER_REENTRANT | LAT_ENCODER_DETERMINISTIC, "lat_encoder_info");
  for (std::uint32_t i = 0; i < info.n_inputs; ++i)
    require_named(info.inputs[i]->flags, LAT_INPUT_OPTIONAL, "lat_input_info");
}

void reserved_fields(Probe& probe) {
  with_started(probe, [&](Subject& subject) {
    const auto& table = subject.functions();
    if (table.abi_minor_built > LAT_ABI_MINOR) return;  // it may know what they mean
    require_named(table.flags, LAT_PLUGIN_RESIDENT, "lat_plugin");
    for (std::uint32_t i = 0; i < subject.specs().size(); ++i) {
      declares_reserved(subject, i);
      const auto& spec = subject.specs()[i];
      const Sample sample = make_sample(spec, probe.settings().seed);
      EncodeCall call(spec, sample);
      if (call.plan(subject, subject.create(i)).ok()) require_unused(call.planned().reserved, "lat_plan");
    }
  });
}

}  // namespace

std::vector<ProbeInfo> contract_encode_probes() {
  return {
      {&reserved_fields,
       Stage::Create,
       1,
       {{"contract.reserved", "reserved fields and flags without a name stay zero",
         "Set the fields that have a meaning one by one; what is reserved is for later minors of the ABI."}}},
      {&info_again,
       Stage::Encode,
       1,
       {{"contract.info", "encoder_count and encoder_info say the same all life long",
         "Decide in init what the encoders are; a host asks once, and again after a restart."}},
       Verdict::Warn},
      {&tensors_stay,
       Stage::Encode,
       1,
       {{"contract.tensors", "tensors and their shapes are left as they are",
         "Shapes are not to be written, nor the fields of a lat_tensor: fill the memory that data points to, "
         "and say the number of tokens in *n_tokens."}},
       Verdict::Warn},
      {&plan_bounds,
       Stage::Create,
       1,
       {{"contract.plan.bounds", "plan gives 1 to max_tokens for every shape",
         "Clamp the planned number of tokens to what encoder_info declares."}}},
      {&plan_by_shape,
       Stage::Create,
       1,
       {{"contract.plan.shapes", "plan depends on shapes alone",
         "Plan an upper bound from the shapes; say the real number in *n_tokens."}}},
      {&token_counts,
       Stage::Encode,
       2,
       {{"contract.encode.tokens", "encode gives 1 to the planned number of tokens, for every shape",
         "Set *n_tokens to what you wrote, at least 1, at most what you planned."}}},
      {&optional_inputs,
       Stage::Encode,
       1,
       {{"contract.inputs.optional", "encode works without optional inputs",
         "An input marked LAT_INPUT_OPTIONAL may be absent from `in`: look for inputs by name."}}},
      {&missing_inputs,
       Stage::Create,
       1,
       {{"contract.inputs.missing", "a sample without its inputs is refused",
         "Look for inputs by name, and refuse with LAT_NOT_FOUND or LAT_INVALID_ARGUMENT when one is "
         "missing."}},
       Verdict::Warn},
  };
}

}  // namespace lateral::conformance
