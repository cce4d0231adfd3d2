#pragma once
// Options by their full names, with the checks that several of them share.

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include <lateral/sdk/options.hpp>

namespace lateral::plugins {

/// "[1, -1, 40]"
std::string text_of(const std::vector<std::int64_t>& shape);

class OptionReader {
 public:
  explicit OptionReader(sdk::Options& options) : options_(options) {}

  bool has(const std::string& key) const { return options_.has(key); }
  std::string text(const std::string& key, const char* fallback);
  std::string needed_text(const std::string& key, const char* example);
  std::string choice(const std::string& key,
                     std::initializer_list<const char*> choices);  ///< the first is the default
  bool flag(const std::string& key, bool fallback);
  std::int64_t integer(const std::string& key, std::int64_t fallback, std::int64_t least, std::int64_t most);
  double number(const std::string& key, double fallback);
  /// Sizes of at least 1 whose product is at most 2^31; `any`: or -1, which counts as 1. Empty when it is not given.
  std::vector<std::int64_t> sizes(const std::string& key, bool any);
  /// "name, name" or "name name": names of [A-Za-z0-9_].
  std::vector<std::string> names(const std::string& key);
  /// "0.485, 0.456, 0.406"
  std::vector<double> numbers(const std::string& key);

  /// What was given, in the order of reading: two declarations with the same one mean the same.
  const std::string& identity() const { return identity_; }

 private:
  void remember(const std::string& key, const std::string& value);

  sdk::Options& options_;
  std::string identity_;
};

}  // namespace lateral::plugins
