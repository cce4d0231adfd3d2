#pragma once
// The runtime's results as events and as JSON members, the same in every command.

#include <map>
#include <string>
#include <string_view>

#include "core/format/json.hpp"
#include "core/runtime/runtime.hpp"
#include "host/events.hpp"

namespace lateral::host {

void add_members(format::json::Writer& json, const runtime::Answer& answer);
void add_members(format::json::Writer& json, const runtime::LoadResult& result);
void add_members(format::json::Writer& json, const runtime::UnloadResult& result);
void add_members(format::json::Writer& json, const runtime::UpgradeResult& result);
void add_members(format::json::Writer& json, const runtime::RollbackResult& result);
void add_members(format::json::Writer& json, const runtime::AdaptResult& result);
void add_members(format::json::Writer& json, const runtime::Status& status);
void add_members(format::json::Writer& json, const runtime::Evaluation& evaluation);

std::string text_of(const runtime::Answer& answer);
std::string text_of(const runtime::LoadResult& result);
std::string text_of(const runtime::UnloadResult& result);
std::string text_of(const runtime::UpgradeResult& result);
std::string text_of(const runtime::RollbackResult& result);
std::string text_of(const runtime::AdaptResult& result);
std::string text_of(const runtime::Status& status);

/// A number with `digits` decimals.
std::string rounded(double value, int digits);

using Counts = std::map<std::string, std::int64_t>;
/// "test 3, train 12"; "none".
std::string listed(const Counts& counts);
void add_counts(format::json::Writer& json, std::string_view name, const Counts& counts);

}  // namespace lateral::host
