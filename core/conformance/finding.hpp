#pragma once
// What the checker says: one finding for every test.

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace lateral::conformance {

enum class Verdict { Pass, Warn, Fail, Skip };

/// "pass", "warn", "fail" or "skip".
std::string_view name_of(Verdict verdict) noexcept;

struct Finding {
  std::string id;  ///< stable, "group.name"
  Verdict verdict = Verdict::Pass;
  std::string reason;  ///< one sentence: what holds, or what was seen instead
};

/// Everything about one file.
struct Report {
  std::string plugin_id;  ///< empty when the file does not say
  std::string version;
  std::vector<Finding> findings;          ///< in the order of the catalogue
  std::map<std::string, double> figures;  ///< informative; the unit is in the name, "encode_ms"
  std::string obstacle;  ///< what is missing here, so that nothing of it was run; empty = nothing

  /// The worst of all findings: Fail, then Warn, then Pass.
  Verdict verdict() const noexcept;
  const Finding* find(std::string_view id) const noexcept;
};

}  // namespace lateral::conformance
