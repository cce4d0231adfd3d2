#pragma once
// Values of a hostile config.json: faults are collected, so that a person repairs a file once.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/format/json.hpp"
#include "core/model/families.hpp"
#include "core/model/spec.hpp"

namespace lateral::model {

/// Of any one dimension: far beyond real models, and products fit.
inline constexpr std::int64_t kMaxSize = 1LL << 31;
/// More blocks than any model has, few enough to make lists of.
inline constexpr std::int64_t kMaxLayers = 4096;

class Faults {
 public:
  void add(const std::string& fault) { text_ += (text_.empty() ? "" : "\n  ") + fault; }
  /// Throws InvalidArgument with all of them.
  void stop_if_any(std::string_view source) const;

 private:
  std::string text_;
};

/// An object of config.json. A value of the wrong type or beyond its bounds is a fault, and the fallback is
/// returned. Null counts as missing. Refers to `faults`.
class ConfigValues {
 public:
  ConfigValues(format::json::Value root, Faults& faults) : root_(std::move(root)), faults_(faults) {}

  /// An integer in [1, kMaxSize]; missing without a fallback is a fault.
  std::int64_t size(const ConfigKey& key, std::optional<std::int64_t> fallback = std::nullopt) const;
  std::int64_t size(std::string_view key, std::optional<std::int64_t> fallback = std::nullopt) const;
  /// An integer in [0, kMaxSize].
  std::int64_t count(std::string_view key, std::int64_t fallback) const;
  double number(std::string_view key, double fallback) const;
  bool flag(std::string_view key, bool fallback) const;
  std::string text(std::string_view key, std::string_view fallback) const;
  /// A token id, or -1.
  std::int64_t id(std::string_view key) const;
  /// One id or a list of them. Those that a vocabulary of `vocab` does not have can never come up: they are left
  /// out, with a warning (small models often keep the ids of large ones).
  std::vector<std::int64_t> ids(std::string_view key, std::int64_t vocab) const;
  /// Throws Unsupported, naming those that work.
  Activation activation(std::string_view key, std::string_view fallback) const;
  /// Whether there is a member of that name, be it null.
  bool mentions(std::string_view key) const;
  /// Throws Unsupported if the flag is not `supported`, which is also what a missing one means.
  void require_flag(std::string_view key, bool supported) const;

  const format::json::Value& root() const { return root_; }
  Faults& faults() const { return faults_; }

 private:
  template <typename T, typename Read>
  T caught(T fallback, const Read& read) const;

  format::json::Value root_;
  Faults& faults_;
};

/// transformers' name of an activation.
std::string_view name_of(Activation activation);

}  // namespace lateral::model
