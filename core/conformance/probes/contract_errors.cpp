// Where and how errors are told.

#include <algorithm>
#include <cstring>

#include "core/conformance/frame.hpp"
#include "core/conformance/probes/probes.hpp"
#include "core/conformance/subject.hpp"
#include "core/format/utf8.hpp"
#include "core/plugin/status.hpp"

namespace lateral::conformance {
namespace {

constexpr std::uint64_t kNoHandle = 0xDEAD'BEEF'0000'0001;

/// Three functions that must fail, with this error struct.
std::vector<std::int32_t> failing_calls(Subject& subject, lat_err* err) {
  std::vector<std::int32_t> statuses;
  const auto& functions = subject.functions();
  lat_encoder_info info{};
  info.struct_size = sizeof info;
  std::uint64_t handle = 0;
  subject.call("encoder_info", [&] { statuses.push_back(functions.encoder_info(UINT32_MAX, &info, err)); });
  subject.call("create", [&] { statuses.push_back(functions.create(UINT32_MAX, nullptr, 0, &handle, err)); });
  subject.call("destroy", [&] { statuses.push_back(functions.destroy(kNoHandle, err)); });
  return statuses;
}

void no_error_struct(Probe& probe) {
  with_started(probe, [](Subject& subject) {
    plugin::ErrorText text;
    if (failing_calls(subject, text.err()) != failing_calls(subject, nullptr)) {
      breach("calls return other statuses when nobody wants their text");
    }
  });
}

/// Buffers of 0, 1, 2 and 8 bytes, that end at a guard page.
void tiny_buffers(Probe& probe) {
  with_started(probe, [](Subject& subject) {
    for (const std::uint64_t capacity : {0, 1, 2, 8}) {
      GuardedMemory text("the error text of " + std::to_string(capacity) + " bytes", capacity,
                         GuardedMemory::Side::Left);
      lat_err err{sizeof(lat_err), 0, 0, 0, capacity, reinterpret_cast<char*>(text.data())};
      failing_calls(subject, &err);
      if (!text.slack_intact())
        breach("it wrote more than msg_cap = ", capacity, " bytes into the error text");
      if (capacity > 0 && std::memchr(text.data(), 0, capacity) == nullptr) {
        breach("the error text in a buffer of ", capacity, " bytes has no NUL");
      }
    }
    lat_err none{sizeof(lat_err), 0, 0, 0, 0, nullptr};
    failing_calls(subject, &none);
  });
}

void reasons(Probe& probe) {
  with_started(probe, [&](Subject& subject) {
    Answer answer = subject.destroy(kNoHandle);
    if (answer.status < 0 || answer.status > LAT_UNAUTHENTICATED) {
      breach("destroy returns ", answer.status, ", which is no status of lateral/plugin.h");
    }
    if (!format::utf8::is_valid(answer.text)) breach("the error text is not UTF-8");
    if (!answer.ok() && answer.text.empty()) {
      probe.warn("contract.error.reason", "a failing destroy gives no reason in err->msg");
    }
  });
}

void capabilities(Probe& probe) {
  with_started(probe, [](Subject& subject) {
    const auto get = subject.functions().get_capability;
    if (get == nullptr) return;
    const std::string lengthy(100'000, 'x');
    for (const char* const id :
         {"", "lateral.no-such-thing/1", "lateral.token-scores/999", "\xff\xfe", lengthy.c_str()}) {
      subject.call("get_capability", [&] {
        if (get(id) != nullptr)
          breach("get_capability claims to know \"", std::string(id).substr(0, 40), "\"");
      });
    }
  });
}

}  // namespace

std::vector<ProbeInfo> contract_error_probes() {
  return {
      {&no_error_struct,
       Stage::Create,
       1,
       {{"contract.error.null", "calls fail the same way when err is NULL",
         "err may be NULL in every call: look before you write."}}},
      {&tiny_buffers,
       Stage::Create,
       1,
       {{"contract.error.tiny", "texts are cut to tiny buffers and end in NUL",
         "Write at most msg_cap bytes with the NUL; msg_cap may be 0 and msg NULL."}}},
      {&reasons,
       Stage::Create,
       1,
       {{"contract.error.reason", "a failing call says why, in UTF-8",
         "Write into err->msg what is wrong and what to change; operators read it."}}},
      {&capabilities,
       Stage::Init,
       1,
       {{"contract.capability.unknown", "capabilities it does not know are NULL",
         "Compare the whole id with those you know; return NULL for every other."}}},
  };
}

}  // namespace lateral::conformance
