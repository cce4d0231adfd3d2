#pragma once
// The plugin's own options, read by type; what nobody reads is refused by name.

#include <lateral/sdk/error.hpp>

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace lateral::sdk {

class Options {
 public:
  using Integers = std::vector<std::int64_t>;
  using Bytes = std::vector<std::uint8_t>;
  using Value = std::variant<std::string, std::int64_t, double, bool, Integers, Bytes>;

  Options() = default;
  Options(const lat_kv* const* pairs, std::uint32_t count) { merge(pairs, count); }

  /// The option, or `fallback` when it is not given. T is std::string, a signed or unsigned integer, a
  /// floating type, bool, Integers or Bytes. Throws LAT_INVALID_ARGUMENT for another type; an integer is
  /// accepted as a number.
  template <typename T>
  T get(const std::string& key, T fallback) {
    read_.insert(key);
    const auto found = values_.find(key);
    return found == values_.end() ? std::move(fallback) : convert<T>(key, found->second);
  }
  std::string get(const std::string& key, const char* fallback) { return get(key, std::string(fallback)); }

  bool has(const std::string& key) const { return values_.count(key) != 0; }

  /// Adds pairs over those that are there.
  void merge(const lat_kv* const* pairs, std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) values_[pairs[i]->key] = value_of(*pairs[i]);
  }

  const std::set<std::string>& keys_read() const { return read_; }

  /// Throws LAT_INVALID_ARGUMENT naming the first option that is not in `known`, and what is.
  void refuse_unknown(const std::set<std::string>& known) const {
    for (const auto& [key, value] : values_) {
      if (known.count(key) != 0) continue;
      std::string list;
      for (const auto& name : known) list += (list.empty() ? "" : ", ") + name;
      fail(LAT_INVALID_ARGUMENT, "unknown option \"", key, "\"; known: ", list.empty() ? "none" : list);
    }
  }

 private:
  static Value value_of(const lat_kv& pair) {
    switch (pair.type) {
      case LAT_KV_STR:
        return std::string(pair.str, static_cast<std::size_t>(pair.count));
      case LAT_KV_I64:
        return pair.i64;
      case LAT_KV_F64:
        return pair.f64;
      case LAT_KV_BOOL:
        return pair.i64 != 0;
      case LAT_KV_I64S:
        return Integers(pair.i64s, pair.i64s + pair.count);
      case LAT_KV_BYTES:
        return Bytes(pair.bytes, pair.bytes + pair.count);
      default:
        fail(LAT_INVALID_ARGUMENT, "option \"", pair.key, "\" has a type this plugin does not know");
    }
  }

  template <typename T>
  static T convert(const std::string& key, const Value& value) {
    if constexpr (std::is_floating_point_v<T>) {
      if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<T>(*integer);
      if (const auto* number = std::get_if<double>(&value)) return static_cast<T>(*number);
    } else if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
      if (const auto* integer = std::get_if<std::int64_t>(&value)) return narrow<T>(key, *integer);
    } else {
      if (const auto* same = std::get_if<T>(&value)) return *same;
    }
    fail(LAT_INVALID_ARGUMENT, "option \"", key, "\" must be ", wanted<T>());
  }

  template <typename T>
  static T narrow(const std::string& key, std::int64_t value) {
    const auto narrowed = static_cast<T>(value);
    if (static_cast<std::int64_t>(narrowed) != value || (std::is_unsigned_v<T> && value < 0)) {
      fail(LAT_INVALID_ARGUMENT, "option \"", key, "\" is out of range: ", value);
    }
    return narrowed;
  }

  template <typename T>
  static const char* wanted() {
    if constexpr (std::is_same_v<T, bool>) return "true or false";
    if constexpr (std::is_floating_point_v<T>) return "a number";
    if constexpr (std::is_integral_v<T>) return "an integer";
    if constexpr (std::is_same_v<T, Integers>) return "a list of integers";
    if constexpr (std::is_same_v<T, Bytes>) return "bytes";
    return "a string";
  }

  std::map<std::string, Value> values_;
  std::set<std::string> read_;
};

}  // namespace lateral::sdk
