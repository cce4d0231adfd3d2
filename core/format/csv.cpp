#include "core/format/csv.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/text.hpp"

namespace lateral::format {
namespace {

constexpr std::uint64_t kMaxCsvBytes = 128ULL << 20U;
constexpr std::size_t kMaxColumns = 4096;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

/// Takes the text apart, one record at a time.
class Records {
 public:
  Records(std::string_view text, const std::string& name) : text_(text), name_(name) {
    if (text_.starts_with(kByteOrderMark)) text_.remove_prefix(kByteOrderMark.size());
  }

  /// False at the end. `fields` keeps its memory from record to record.
  bool next(std::vector<std::string>& fields) {
    skip_empty_lines();
    fields.clear();
    line_ = ends_ + 1;
    if (text_.empty()) return false;
    do {
      if (fields.size() == kMaxColumns)
        fail(Errc::ResourceExhausted, "csv", name_, ":", line_, ": more than ", kMaxColumns, " columns");
      fields.push_back(text_.starts_with('"') ? quoted() : plain());
    } while (accept(','));
    end_of_line();
    return true;
  }

  int line() const noexcept { return line_; }  ///< where the last record began

 private:
  void skip_empty_lines() {
    while (!text_.empty() && (text_[0] == '\n' || text_.starts_with("\r\n"))) end_of_line();
  }

  std::string plain() {
    const std::size_t end = std::min(text_.find_first_of(",\n"), text_.size());
    std::string_view field = text_.substr(0, end);
    text_.remove_prefix(end);
    if (field.ends_with('\r')) field.remove_suffix(1);
    return std::string(field);
  }

  std::string quoted() {
    std::string field;
    do {
      text_.remove_prefix(1);
      const std::size_t end = text_.find('"');
      if (end == std::string_view::npos) corrupt("a quote is opened and not closed");
      ends_ += static_cast<int>(std::count(text_.begin(), text_.begin() + static_cast<long>(end), '\n'));
      field.append(text_.substr(0, end));
      text_.remove_prefix(end + 1);
      if (text_.starts_with('"')) field += '"';
    } while (text_.starts_with('"'));
    if (!text_.empty() && text_[0] != ',' && text_[0] != '\n' && !text_.starts_with("\r\n"))
      corrupt("text behind a closed quote");
    return field;
  }

  void end_of_line() {
    if (text_.starts_with("\r\n")) text_.remove_prefix(1);
    if (accept('\n')) ++ends_;
  }

  bool accept(char wanted) {
    if (!text_.starts_with(wanted)) return false;
    text_.remove_prefix(1);
    return true;
  }

  [[noreturn]] void corrupt(std::string_view what) const {
    fail(Errc::Corrupt, "csv", name_, ":", line_, ": ", what);
  }

  std::string_view text_;
  const std::string& name_;
  int line_ = 0;
  int ends_ = 0;  ///< line ends before text_
};

std::string_view trimmed(std::string_view field) {
  const std::size_t first = std::min(field.find_first_not_of(" \t"), field.size());
  const std::size_t last = field.find_last_not_of(" \t");
  return field.substr(first, last == std::string_view::npos ? 0 : last + 1 - first);
}

/// Also NaN, and infinity for what a double cannot hold; nothing for a word.
std::optional<double> any_number(std::string_view field) {
  field = trimmed(field);
  if (field.starts_with('+') && !field.starts_with("+-")) field.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (error == std::errc::invalid_argument || end != field.data() + field.size()) return std::nullopt;
  return error == std::errc() ? value : std::numeric_limits<double>::infinity();
}

std::optional<double> number(std::string_view field) {
  const auto value = any_number(field);
  return value && std::isfinite(*value) ? value : std::nullopt;
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return shown(text, 300);
}

}  // namespace

CsvTable::CsvTable(std::string_view text, std::string name, const std::vector<std::string>& words)
    : name_(std::move(name)) {
  Records records(text, name_);
  std::vector<std::string> fields;
  if (!records.next(fields)) fail(Errc::Corrupt, "csv", name_, " is empty; the first row names the columns");
  for (const auto& field : fields) columns_.emplace_back(trimmed(field));
  if (std::all_of(columns_.begin(), columns_.end(),
                  [](const auto& field) { return number(field).has_value(); }))
    fail(Errc::Corrupt, "csv", name_, " begins with numbers; the first row must name the columns");
  values_.resize(columns_.size());
  words_.resize(columns_.size());
  seen_.resize(columns_.size());
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (std::find(words.begin(), words.end(), columns_[i]) != words.end()) fields_[i];
  }
  while (records.next(fields)) add(fields, records.line());
}

void CsvTable::add(const std::vector<std::string>& fields, int line) {
  if (fields.size() != columns_.size()) {
    fail(Errc::Corrupt, "csv", name_, ":", line, " has ", fields.size(), " fields, the header row ",
         columns_.size());
  }
  for (auto& [column, kept] : fields_) kept.emplace_back(trimmed(fields[column]));
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto value = any_number(fields[i]);
    look_at(value, fields[i], line, seen_[i]);
    if (values_[i].size() != lines_.size()) continue;  // a word stood here before
    if (value && std::isfinite(*value)) {
      values_[i].push_back(*value);
    } else {
      words_[i] = shown(fields[i]);
    }
  }
  lines_.push_back(line);
}

void CsvTable::look_at(std::optional<double> value, const std::string& field, int line, Seen& seen) {
  if (!value) {
    seen.word = true;
  } else if (std::isfinite(static_cast<float>(*value))) {
    seen.number = true;
  } else if (seen.odd_line == 0) {
    seen.odd_line = line;
    seen.odd = shown(field);
  }
}

void CsvTable::require_finite() const {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const Seen& seen = seen_[i];
    if (seen.odd_line == 0 || (seen.word && !seen.number)) continue;
    fail(Errc::Corrupt, "csv", name_, ":", seen.odd_line, ": '", seen.odd, "' in column '",
         shown(columns_[i]), "' is not finite as float32");
  }
}

std::size_t CsvTable::index_of(std::string_view column) const {
  const auto found = std::find(columns_.begin(), columns_.end(), column);
  if (found == columns_.end())
    fail(Errc::NotFound, "csv", name_, " has no column '", shown(column), "'; it has: ", joined(columns_));
  if (std::find(found + 1, columns_.end(), column) != columns_.end())
    fail(Errc::InvalidArgument, "csv", name_, " has two columns '", shown(column), "'");
  return static_cast<std::size_t>(found - columns_.begin());
}

const std::vector<std::string>& CsvTable::words(std::string_view column) const {
  const auto kept = fields_.find(index_of(column));
  if (kept == fields_.end())
    fail(Errc::InvalidArgument, "csv", "the words of column '", shown(column), "' were not asked for");
  return kept->second;
}

std::vector<double> CsvTable::numbers(std::string_view column) const {
  const std::size_t index = index_of(column);
  const auto& values = values_[index];
  if (values.size() != lines_.size()) {
    fail(Errc::Corrupt, "csv", name_, ":", lines_[values.size()], ": '", words_[index], "' in column '",
         shown(column), "' is not a finite number");
  }
  return values;
}

CsvTable read_csv(const std::filesystem::path& path, const std::vector<std::string>& words) {
  return {read_text(path, kMaxCsvBytes), path.string(), words};
}

}  // namespace lateral::format
