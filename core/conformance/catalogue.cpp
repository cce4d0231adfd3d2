#include "core/conformance/catalogue.hpp"

#include <algorithm>

#include "core/conformance/probes/probes.hpp"
#include "core/conformance/static_checks.hpp"

namespace lateral::conformance {
namespace {

template <typename Visit>
void for_each_test(Visit&& visit) {
  for (const auto& test : static_tests()) visit(test);
  for (const auto& probe : probes()) {
    for (const auto& test : probe.tests) visit(test);
  }
}

}  // namespace

const std::vector<TestInfo>& static_tests() {
  static const std::vector<TestInfo> all = static_catalogue();
  return all;
}

const std::vector<ProbeInfo>& probes() {
  static const std::vector<ProbeInfo> all = [] {
    std::vector<ProbeInfo> result;
    for (const auto group :
         {&load_probes, &negotiation_probes, &contract_option_probes, &contract_handle_probes,
          &contract_error_probes, &contract_encode_probes, &numerics_probes, &memory_probes,
          &environment_probes, &lifecycle_probes, &concurrency_probes, &performance_probes}) {
      for (auto& probe : group()) result.push_back(std::move(probe));
    }
    return result;
  }();
  return all;
}

const TestInfo* find_test(std::string_view id) {
  const TestInfo* found = nullptr;
  for_each_test([&](const TestInfo& test) {
    if (test.id == id) found = &test;
  });
  return found;
}

bool names_tests(std::string_view group_or_id) {
  bool found = false;
  for_each_test([&](const TestInfo& test) {
    found = found || test.id == group_or_id ||
            (test.id.starts_with(group_or_id) && test.id[group_or_id.size()] == '.');
  });
  return found;
}

std::string_view group_of(std::string_view id) {
  return id.substr(0, id.find('.'));
}

}  // namespace lateral::conformance
