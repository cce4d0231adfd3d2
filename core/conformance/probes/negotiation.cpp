// Hosts of other ages, and structs of other sizes.

#include "core/conformance/encode_call.hpp"
#include "core/conformance/probes/probes.hpp"
#include "core/conformance/sample.hpp"
#include "core/conformance/subject.hpp"

namespace lateral::conformance {
namespace {

constexpr std::uint32_t kLaterMinor = 9;
constexpr std::uint32_t kLaterBytes = 64;

/// A whole life up to one encode of every encoder.
void live_once(Subject& subject, CallForm form) {
  subject.open();
  subject.init();
  const auto& specs = subject.describe();
  for (std::uint32_t i = 0; i < specs.size(); ++i) {
    const auto handle = subject.create(i);
    const Sample sample = make_sample(specs[i], subject.probe().settings().seed);
    EncodeCall call(specs[i], sample, form);
    const Answer encoded = call.run(subject, handle);
    if (!encoded.ok()) breach("a sample that it took before is refused with ", encoded.described());
    call.check_counts();
    call.check_borders();
    if (const auto answer = subject.destroy(handle); !answer.ok())
      breach("destroy failed with ", answer.described());
  }
}

void with_host(Probe& probe, HostAge age, CallForm form) {
  Subject subject(probe, age);
  on_plugin_thread([&] { live_once(subject, form); });
  probe.board().finish();
  std::_Exit(0);
}

void newer_host(Probe& probe) {
  with_host(probe, {kLaterMinor, kLaterBytes}, {});
}

void oldest_host(Probe& probe) {
  with_host(probe, {0, 0}, {});
}

void longer_structs(Probe& probe) {
  CallForm form;
  form.extra = kLaterBytes;
  with_host(probe, {kLaterMinor, kLaterBytes}, form);
}

/// encoder_info into a longer struct: what lies behind the known fields must stay.
void longer_info(Probe& probe) {
  with_started(probe, [](Subject& subject) {
    Frame frame("the encoder_info struct", kLaterBytes);
    auto* const info = frame.make<lat_encoder_info>();
    const auto answer = subject.ask(
        "encoder_info", [&](lat_err* err) { return subject.functions().encoder_info(0, info, err); });
    if (!answer.ok()) breach("encoder_info fails for a longer struct with ", answer.described());
    if (info->struct_size != sizeof(lat_encoder_info) + kLaterBytes)
      breach("encoder_info changes struct_size");
    if (!frame.tails_intact()) breach("encoder_info wrote behind the fields it knows");
  });
}

}  // namespace

std::vector<ProbeInfo> negotiation_probes() {
  const std::string_view sizes =
      "Use the smaller of struct_size and sizeof; never write or clear a struct by the size "
      "you find, and never assign whole structs of the host.";
  return {
      {&newer_host,
       Stage::Encode,
       1,
       {{"negotiation.newer-host", "it works with a host of a later minor, whose table is longer",
         "Compare abi_minor with >=, never with ==, and ignore what is behind the fields you know."}}},
      {&oldest_host,
       Stage::Encode,
       1,
       {{"negotiation.oldest-host", "it works with the oldest host it says it needs",
         "Look at host->abi_minor before you read fields of a later minor, or raise abi_minor_required."}}},
      {&longer_structs,
       Stage::Encode,
       1,
       {{"negotiation.longer-structs", "it works with structs that later hosts have lengthened", sizes}}},
      {&longer_info,
       Stage::Init,
       1,
       {{"negotiation.longer-info", "encoder_info fills a longer struct without touching its tail", sizes}}},
  };
}

}  // namespace lateral::conformance
