#pragma once
// Reads one TOML table key by key into typed values. A value that is absent leaves the default; a wrong one
// is reported and leaves the default too, so that reading goes on to the next mistake.
// Internal to core/config.

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <set>

#include "core/config/document.hpp"

namespace lateral::config {

struct Context {
  Problems& problems;
  std::filesystem::path folder;  ///< of the file: relative paths begin there
  bool unknown_allowed = false;  ///< keys that nobody asks for are no mistakes
};

class TableReader {
 public:
  /// `name` is the table's own key path, e.g. "plugin.camera"; empty for the whole file.
  TableReader(Context& context, const toml::table& table, std::string name);

  bool has(std::string_view key) const { return table_.contains(key); }
  Location where() const;
  Location where(std::string_view key) const;

  void text(std::string_view key, std::string& value);
  /// A name as in ids: 1 to 64 of a-z A-Z 0-9 . _ -, beginning with a letter or digit.
  void id(std::string_view key, std::string& value);
  void choice(std::string_view key, std::string& value, std::initializer_list<std::string_view> allowed);
  void boolean(std::string_view key, bool& value);
  void integer(std::string_view key, std::int64_t& value, std::int64_t low, std::int64_t high);
  void seed(std::string_view key, std::uint64_t& value);
  void real(std::string_view key, double& value, double low, double high);
  void seconds(std::string_view key, double& value);
  /// "512MiB", "2GiB" or a number of bytes.
  void bytes(std::string_view key, std::int64_t& value, std::int64_t low);
  void path(std::string_view key, std::filesystem::path& value);
  void path(std::string_view key, std::optional<std::filesystem::path>& value);
  void paths(std::string_view key, std::vector<std::filesystem::path>& value);
  void texts(std::string_view key, std::vector<std::string>& value);

  /// Reports the key when it is absent.
  void require(std::string_view key);

  /// Calls `body` with the sub-table when it is there, then reports its unknown keys.
  void table(std::string_view key, const std::function<void(TableReader&)>& body);
  /// The same for each item of an array of tables ([[key]]).
  void tables(std::string_view key, const std::function<void(TableReader&)>& body);
  /// The same for each member, which must be tables ([key.ID]), in file order.
  void named_tables(std::string_view key, const std::function<void(const std::string&, TableReader&)>& body);

  /// The node itself, for values of several types; marks the key as known.
  const toml::node* node(std::string_view key);
  /// All members in file order, and marks them as known.
  std::vector<std::pair<std::string, const toml::node*>> members();

  void wrong_type(std::string_view key, std::string_view expected);
  template <typename... Parts>
  void report(std::string_view key, const Parts&... parts) {
    context_.problems.add(where(key), full_name(key), ": ", parts...);
  }

  /// Reports keys that nobody asked for, with the nearest that was, unless the context allows them.
  void finish();

 private:
  std::string full_name(std::string_view key) const;
  std::filesystem::path resolve(const std::string& text, const toml::node& node) const;

  Context& context_;
  const toml::table& table_;
  std::string name_;
  std::set<std::string, std::less<>> known_;
};

/// Whether `text` is an id by the rule of TableReader::id.
bool is_id(std::string_view text) noexcept;

}  // namespace lateral::config
