// Options that no plugin can want: each must be refused cleanly, by name.

#include <string>

#include "core/conformance/probes/probes.hpp"
#include "core/conformance/subject.hpp"

namespace lateral::conformance {
namespace {

constexpr const char* kUnknownKey = "no-such-option";

/// init with the command line's options and one more.
Answer init_with(Subject& subject, const plugin::OptionMap& more) {
  Answer answer;
  on_plugin_thread([&] {
    subject.open();
    auto options = subject.probe().settings().typed_options();
    for (const auto& [key, value] : more) options[key] = value;
    answer = subject.init(options);
  });
  return answer;
}

void finish(Probe& probe) {
  probe.board().finish();
  std::_Exit(0);
}

void unknown_key(Probe& probe) {
  Subject subject(probe);
  const Answer answer = init_with(subject, {{kUnknownKey, std::int64_t{1}}});
  if (answer.ok()) breach("init accepts the unknown option \"", kUnknownKey, "\"");
  if (answer.status != LAT_INVALID_ARGUMENT) {
    breach("init answers an unknown option with ", answer.described(),
           "; it must be 3, LAT_INVALID_ARGUMENT");
  }
  if (answer.text.find(kUnknownKey) == std::string::npos) {
    breach("init refuses an unknown option without naming it: \"", answer.text, "\"");
  }
  finish(probe);
}

/// The options that are known: those of the command line and those that the manifest declares.
std::vector<std::string> known_options(const Subject& subject) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : subject.probe().settings().options) keys.push_back(key);
  if (subject.facts().manifest) {
    for (const auto& option : subject.facts().manifest->options) keys.push_back(option.key);
  }
  return keys;
}

void wrong_type(Probe& probe) {
  Subject subject(probe);
  const auto keys = known_options(subject);
  if (keys.empty()) {
    probe.skip("contract.options.type",
               "no option is known; declare them in the manifest, or use --option KEY=VALUE");
    return;
  }
  const std::string& key = keys.front();
  const Answer answer = init_with(subject, {{key, std::vector<std::uint8_t>{1, 2, 3}}});
  if (answer.ok()) breach("init accepts bytes for the option \"", key, "\"");
  if (answer.text.find(key) == std::string::npos) {
    breach("init refuses a value of the wrong type without naming its option: \"", answer.text, "\"");
  }
  finish(probe);
}

/// Whatever an operator's file may hold by accident.
void hostile(Probe& probe) {
  plugin::OptionMap options{{std::string(1U << 20U, 'k'), std::string(1U << 20U, 'v')},
                            {"\xff\xfe not UTF-8", std::string("\xc3\x28")},
                            {"", std::vector<std::int64_t>()},
                            {"bytes", std::vector<std::uint8_t>(1U << 20U)}};
  for (int i = 0; i < 10'000; ++i) options["option-" + std::to_string(i)] = static_cast<double>(i);
  Subject subject(probe);
  const Answer answer = init_with(subject, options);
  if (answer.ok()) breach("init accepts ten thousand options that mean nothing");
  finish(probe);
}

}  // namespace

std::vector<ProbeInfo> contract_option_probes() {
  const std::string_view advice =
      "Refuse what you do not know with LAT_INVALID_ARGUMENT and a text that names the key "
      "(the SDK's Options do so); a typing mistake must never go unnoticed.";
  return {{&unknown_key,
           Stage::Entry,
           1,
           {{"contract.options.unknown", "an unknown option is LAT_INVALID_ARGUMENT, and the text names it",
             advice}}},
          {&wrong_type,
           Stage::Init,
           1,
           {{"contract.options.type", "an option of the wrong type is refused by name", advice}}},
          {&hostile,
           Stage::Entry,
           1,
           {{"contract.options.hostile", "options that are huge, many or not UTF-8 are refused cleanly",
             advice}}}};
}

}  // namespace lateral::conformance
