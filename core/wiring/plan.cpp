#include "core/wiring/plan.hpp"

#include <algorithm>
#include <set>

#include "core/base/error.hpp"

namespace lateral::wiring {
namespace {

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

}  // namespace

void check_id(std::string_view id, std::string_view what) {
  const auto allowed = [](char c) { return is_alphanumeric(c) || c == '.' || c == '_' || c == '-'; };
  const bool good = !id.empty() && id.size() <= 64 && is_alphanumeric(id.front()) &&
                    std::all_of(id.begin(), id.end(), allowed);
  if (!good) {
    fail(Errc::InvalidArgument, what, "\"", id.substr(0, 64),
         "\" is not an id: use 1 to 64 of a-z A-Z 0-9 . _ - and begin with a letter or digit");
  }
}

void check(std::span<const ConnectionPlan> plans) {
  std::set<std::string_view> seen;
  for (const auto& plan : plans) {
    check_id(plan.id, "connection");
    check_id(plan.plugin, "plugin");
    check_id(plan.encoder, "encoder");
    if (!seen.insert(plan.id).second) {
      fail(Errc::InvalidArgument, "connection", '"', plan.id,
           "\" is planned twice; give one of them another id");
    }
    if (plan.blocks.layers() != plans.front().blocks.layers()) {
      fail(Errc::InvalidArgument, "connection", '"', plan.id, "\" counts ", plan.blocks.layers(),
           " blocks and \"", plans.front().id, "\" ", plans.front().blocks.layers(),
           ": they are for different models");
    }
  }
}

}  // namespace lateral::wiring
