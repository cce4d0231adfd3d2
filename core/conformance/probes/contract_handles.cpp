// Handles and indices that do not exist, twins, and ends that come twice.

#include <cstdlib>
#include <set>

#include "core/conformance/encode_call.hpp"
#include "core/conformance/probes/probes.hpp"
#include "core/conformance/sample.hpp"
#include "core/conformance/subject.hpp"

namespace lateral::conformance {
namespace {

constexpr std::uint64_t kForeign[] = {0, 0xDEAD'BEEF'0000'0001, UINT64_MAX};

void expect_refusal(const Answer& answer, const char* what) {
  if (answer.ok()) breach(what, " returns LAT_OK");
}

/// All three functions with a handle that is not alive.
void refuse_everywhere(Subject& subject, std::uint64_t handle, const char* kind) {
  const auto& spec = subject.specs().front();
  const Sample sample = make_sample(spec, subject.probe().settings().seed, Extent::Small);
  EncodeCall call(spec, sample);
  const std::string which = std::string(" with ") + kind;
  expect_refusal(call.plan(subject, handle), ("plan" + which).c_str());
  call.assume_plan(1);
  expect_refusal(call.encode(subject, handle), ("encode" + which).c_str());
  const Answer answer = subject.destroy(handle);
  if (answer.status != LAT_NOT_FOUND) {
    breach("destroy", which, " gives ", answer.described(), "; it must be 5, LAT_NOT_FOUND");
  }
}

void foreign_handle(Probe& probe) {
  with_started(probe, [](Subject& subject) {
    for (const auto handle : kForeign) refuse_everywhere(subject, handle, "a handle that it never gave");
  });
}

void destroyed_handle(Probe& probe) {
  with_started(probe, [](Subject& subject) {
    const auto handle = subject.create(0);
    if (const auto answer = subject.destroy(handle); !answer.ok())
      breach("destroy failed with ", answer.described());
    refuse_everywhere(subject, handle, "a handle that was destroyed");
  });
}

void twins(Probe& probe) {
  with_started(probe, [](Subject& subject) {
    std::set<std::uint64_t> handles;
    for (int i = 0; i < 8; ++i) {
      const auto handle = subject.create(0);
      if (!handles.insert(handle).second) breach("create gives the handle ", handle, " twice");
    }
    // One that goes must leave the others as they are.
    const auto survivor = *handles.begin();
    for (const auto handle : handles) {
      if (handle != survivor) subject.destroy(handle);
    }
    const auto& spec = subject.specs().front();
    const Sample sample = make_sample(spec, subject.probe().settings().seed, Extent::Typical);
    EncodeCall call(spec, sample);
    if (const auto answer = call.run(subject, survivor); answer.status == LAT_NOT_FOUND) {
      breach("an encoder is gone after others were destroyed: ", answer.described());
    }
  });
}

void bad_index(Probe& probe) {
  with_started(probe, [](Subject& subject) {
    const auto count = static_cast<std::uint32_t>(subject.specs().size());
    for (const std::uint32_t index : {count, UINT32_MAX}) {
      lat_encoder_info info{};
      info.struct_size = sizeof info;
      expect_refusal(
          subject.ask("encoder_info",
                      [&](lat_err* err) { return subject.functions().encoder_info(index, &info, err); }),
          "encoder_info of an encoder that does not exist");
      std::uint64_t handle = 0;
      expect_refusal(subject.ask("create",
                                 [&](lat_err* err) {
                                   return subject.functions().create(index, nullptr, 0, &handle, err);
                                 }),
                     "create of an encoder that does not exist");
    }
  });
}

void unknown_create_option(Probe& probe) {
  with_started(probe, [](Subject& subject) {
    const plugin::OptionTable options({{"no-such-option", true}});
    std::uint64_t handle = 0;
    const Answer answer = subject.ask("create", [&](lat_err* err) {
      return subject.functions().create(0, options.data(), options.size(), &handle, err);
    });
    if (answer.status != LAT_INVALID_ARGUMENT || answer.text.find("no-such-option") == std::string::npos) {
      breach("create with an unknown option gives ", answer.described(),
             "; it must be 3, LAT_INVALID_ARGUMENT, and name the option");
    }
  });
}

void second_shutdown(Probe& probe) {
  with_started(probe, [](Subject& subject) {
    const auto handle = subject.create(0);
    subject.destroy(handle);
    if (const auto answer = subject.shutdown(); !answer.ok())
      breach("shutdown failed with ", answer.described());
    if (const auto answer = subject.shutdown(); !answer.ok())
      breach("a second shutdown gives ", answer.described());
  });
}

/// A real host ends a plugin that it could not use at once.
void idle_shutdown(Probe& probe) {
  with_started(probe, [](Subject& subject) {
    if (const auto answer = subject.shutdown(); !answer.ok())
      breach("shutdown failed with ", answer.described());
  });
}

}  // namespace

std::vector<ProbeInfo> contract_handle_probes() {
  const std::string_view advice =
      "Look handles up in a table; never use them as pointers or unchecked indices.";
  return {
      {&foreign_handle,
       Stage::Create,
       1,
       {{"contract.handle.foreign", "a handle that it never gave is refused, by destroy with LAT_NOT_FOUND",
         advice}}},
      {&destroyed_handle,
       Stage::Create,
       1,
       {{"contract.handle.destroyed", "a destroyed handle is refused, by destroy with LAT_NOT_FOUND",
         advice}}},
      {&twins,
       Stage::Create,
       1,
       {{"contract.handle.unique", "living handles differ, and destroying one leaves the others", advice}}},
      {&bad_index,
       Stage::Init,
       1,
       {{"contract.index", "an encoder index out of range is refused",
         "Compare the index with the number of encoders."}},
       Verdict::Warn},
      {&unknown_create_option,
       Stage::Create,
       1,
       {{"contract.options.create", "create refuses unknown options by name",
         "create takes options that go before those of init; refuse what you do not know."}}},
      {&second_shutdown,
       Stage::Create,
       1,
       {{"contract.shutdown.twice", "shutdown can be called again",
         "shutdown must be idempotent: free once, return LAT_OK always."}}},
      {&idle_shutdown,
       Stage::Init,
       1,
       {{"contract.shutdown.idle", "shutdown works without any encoder",
         "shutdown right after init must be LAT_OK."}}},
  };
}

}  // namespace lateral::conformance
