#pragma once
// Tables as CSV (RFC 4180): a header row, then rows of as many fields, separated by commas; fields may be quoted, lines
// may end with CR LF, and empty lines are skipped. Columns of words (labels) may be there, but only numbers are taken out.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lateral::format {

/// Immutable after construction: may be used from any thread.
class CsvTable {
 public:
  /// Throws Corrupt (no header row, a row of another length, an open quote, text behind a closed one), naming the line;
  /// ResourceExhausted beyond 4096 columns. `name` is for messages.
  /// Of the columns `words` the fields are kept as they are written (labels); those that are not there are ignored.
  CsvTable(std::string_view text, std::string name, const std::vector<std::string>& words = {});

  /// As the header writes them, without blanks around them.
  const std::vector<std::string>& columns() const noexcept { return columns_; }
  std::int64_t rows() const noexcept { return static_cast<std::int64_t>(lines_.size()); }

  /// All numbers of a column. Throws NotFound naming the columns there are, InvalidArgument when two have this name, and
  /// Corrupt naming the line of the first field that is no finite number.
  std::vector<double> numbers(std::string_view column) const;
  /// Throws Corrupt naming the first number of a column that is not finite, or not as float32. Among words alone "nan" and
  /// "inf" are words.
  void require_finite() const;
  /// All fields of one of the columns `words`. Throws NotFound and InvalidArgument as numbers().
  const std::vector<std::string>& words(std::string_view column) const;

 private:
  /// What a column holds, told from all its fields.
  struct Seen {
    bool number = false, word = false;
    int odd_line = 0;  ///< of the first number that is not finite as float32; 0 without one
    std::string odd;
  };

  void add(const std::vector<std::string>& fields, int line);
  static void look_at(std::optional<double> value, const std::string& field, int line, Seen& seen);
  std::size_t index_of(std::string_view column) const;

  std::string name_;
  std::vector<std::string> columns_;
  std::vector<std::vector<double>> values_;  ///< by column; nothing more is kept behind the first word
  std::vector<std::string> words_;  ///< by column: the first field that is no number, as a message shows it
  std::vector<Seen> seen_;          ///< by column
  std::map<std::size_t, std::vector<std::string>> fields_;  ///< of the columns `words`
  std::vector<int> lines_;                                  ///< by row
};

/// A file of at most 128 MiB. Throws as CsvTable and read_text().
CsvTable read_csv(const std::filesystem::path& path, const std::vector<std::string>& words = {});

}  // namespace lateral::format
