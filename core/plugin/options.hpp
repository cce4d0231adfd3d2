#pragma once
// A plugin's own options, on their way from a configuration table to the ABI.

#include <lateral/plugin.h>

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace lateral::plugin {

using OptionValue = std::variant<std::string, std::int64_t, double, bool, std::vector<std::int64_t>,
                                 std::vector<std::uint8_t>>;
using OptionMap = std::map<std::string, OptionValue>;

/// The C view of an OptionMap, with a copy of it. Not movable: it points into itself.
class OptionTable {
 public:
  explicit OptionTable(OptionMap options);
  OptionTable(const OptionTable&) = delete;
  OptionTable& operator=(const OptionTable&) = delete;

  const lat_kv* const* data() const noexcept { return pointers_.data(); }
  std::uint32_t size() const noexcept { return static_cast<std::uint32_t>(pointers_.size()); }

 private:
  OptionMap options_;
  std::vector<lat_kv> pairs_;
  std::vector<const lat_kv*> pointers_;
};

}  // namespace lateral::plugin
