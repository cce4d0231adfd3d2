#include "core/conformance/finding.hpp"

#include <algorithm>

namespace lateral::conformance {

std::string_view name_of(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::Pass:
      return "pass";
    case Verdict::Warn:
      return "warn";
    case Verdict::Fail:
      return "fail";
    case Verdict::Skip:
      return "skip";
  }
  return "?";
}

Verdict Report::verdict() const noexcept {
  const auto has = [&](Verdict wanted) {
    return std::any_of(findings.begin(), findings.end(), [&](const auto& f) { return f.verdict == wanted; });
  };
  if (has(Verdict::Fail)) return Verdict::Fail;
  return has(Verdict::Warn) ? Verdict::Warn : Verdict::Pass;
}

const Finding* Report::find(std::string_view id) const noexcept {
  const auto found =
      std::find_if(findings.begin(), findings.end(), [&](const auto& f) { return f.id == id; });
  return found == findings.end() ? nullptr : &*found;
}

}  // namespace lateral::conformance
