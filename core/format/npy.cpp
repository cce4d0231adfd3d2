#include "core/format/npy.hpp"

#include <array>
#include <charconv>
#include <cstring>
#include <limits>
#include <optional>
#include <string>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/text.hpp"

namespace lateral::format {
namespace {

constexpr std::uint64_t kMaxNpyBytes = 1ULL << 30U;
constexpr std::size_t kMaxHeader = 1U << 16U;  // NumPy itself stops at 10,000 characters
constexpr std::size_t kMaxRank = 32;           // NumPy's own limit before version 2
constexpr std::string_view kMagic = "\x93NUMPY";

struct TypeName {
  std::string_view descr;
  NpyType type;
};
constexpr std::array kTypes{TypeName{"<f4", NpyType::F32}, TypeName{"<f8", NpyType::F64},
                            TypeName{"<i4", NpyType::I32}, TypeName{"<i8", NpyType::I64},
                            TypeName{"|u1", NpyType::U8},  TypeName{"|b1", NpyType::Bool}};

struct Header {
  std::string descr;
  bool fortran = false;
  std::vector<std::int64_t> shape;
};

/// Reads the header, a Python dict literal with exactly three keys. Only what NumPy writes is understood.
class HeaderParser {
 public:
  HeaderParser(std::string_view text, std::string_view name) : text_(text), name_(name) {}

  Header parse() {
    expect('{');
    while (!accept('}')) {
      entry();
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_blanks();
    if (!text_.empty()) corrupt("text after the header's dict");
    if (!descr_ || !fortran_ || !shape_) corrupt("the header needs 'descr', 'fortran_order' and 'shape'");
    return {*descr_, *fortran_, *shape_};
  }

 private:
  void entry() {
    const std::string key = quoted();
    expect(':');
    if (key == "descr" && !descr_) {
      skip_blanks();
      // A list here is a structured type.
      if (text_.starts_with('[')) fail(Errc::Unsupported, "npy", name_, " has records, not plain numbers");
      descr_ = quoted();
    } else if (key == "fortran_order" && !fortran_) {
      fortran_ = boolean();
    } else if (key == "shape" && !shape_) {
      shape_ = tuple();
    } else {
      corrupt("unknown or repeated header key");
    }
  }

  std::string quoted() {
    skip_blanks();
    if (!text_.starts_with('\'') && !text_.starts_with('"'))
      corrupt("a quoted word is missing in the header");
    const std::size_t end = text_.find(text_[0], 1);
    if (end == std::string_view::npos) corrupt("an open quote in the header");
    std::string word(text_.substr(1, end - 1));
    text_.remove_prefix(end + 1);
    return word;
  }

  bool boolean() {
    skip_blanks();
    for (const bool value : {true, false}) {
      const std::string_view word = value ? "True" : "False";
      if (text_.starts_with(word)) {
        text_.remove_prefix(word.size());
        return value;
      }
    }
    corrupt("'fortran_order' is neither True nor False");
  }

  std::vector<std::int64_t> tuple() {
    std::vector<std::int64_t> numbers;
    expect('(');
    while (!accept(')')) {
      if (numbers.size() == kMaxRank) corrupt("more than 32 dimensions");
      numbers.push_back(number());
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return numbers;
  }

  std::int64_t number() {
    skip_blanks();
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
    if (error != std::errc() || value < 0) corrupt("a dimension is not a number from 0");
    text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
    return value;
  }

  void skip_blanks() { text_.remove_prefix(std::min(text_.find_first_not_of(" \t\n"), text_.size())); }

  bool accept(char wanted) {
    skip_blanks();
    if (!text_.starts_with(wanted)) return false;
    text_.remove_prefix(1);
    return true;
  }

  void expect(char wanted) {
    if (!accept(wanted)) corrupt(std::string("'") + wanted + "' is missing in the header");
  }

  [[noreturn]] void corrupt(std::string_view what) const { fail(Errc::Corrupt, "npy", name_, ": ", what); }

  std::string_view text_;
  std::string_view name_;
  std::optional<std::string> descr_;
  std::optional<bool> fortran_;
  std::optional<std::vector<std::int64_t>> shape_;
};

NpyType type_of(const std::string& descr, std::string_view name) {
  for (const auto& known : kTypes) {
    if (descr == known.descr) return known.type;
  }
  fail(Errc::Unsupported, "npy", name, " has type '", shown(descr), "'; read are <f4 <f8 <i4 <i8 |u1 |b1");
}

/// The elements that `shape` asks for; nothing when the product leaves 63 bits.
std::optional<std::int64_t> product(const std::vector<std::int64_t>& shape) {
  std::int64_t total = 1;
  for (const std::int64_t n : shape) {
    if (__builtin_mul_overflow(total, n, &total)) return std::nullopt;
  }
  return total;
}

/// Splits the file into header text and data.
std::pair<std::string_view, std::string_view> split(std::string_view file, std::string_view name) {
  if (!file.starts_with(kMagic))
    fail(Errc::Corrupt, "npy", name, " is not an .npy file (told by its first bytes)");
  const auto byte = [&](std::size_t i) {
    return static_cast<std::size_t>(static_cast<unsigned char>(file[i]));
  };
  if (file.size() < 12) fail(Errc::Corrupt, "npy", name, " ends in its header");
  const std::size_t version = byte(6);
  if (version < 1 || version > 3)
    fail(Errc::Unsupported, "npy", name, " has format version ", version, "; 1 to 3 are read");
  const std::size_t start = version == 1 ? 10 : 12;
  std::size_t length = byte(8) | byte(9) << 8U;
  if (version > 1) length |= byte(10) << 16U | byte(11) << 24U;
  if (length > kMaxHeader || length > file.size() - start)
    fail(Errc::Corrupt, "npy", name, " ends in its header");
  return {file.substr(start, length), file.substr(start + length)};
}

template <typename From, typename To>
void append(const NpyArray& array, std::vector<To>& out) {
  for (std::size_t at = 0; at < array.data.size(); at += sizeof(From)) {
    From value;
    std::memcpy(&value, array.data.data() + at, sizeof value);
    out.push_back(static_cast<To>(value));
  }
}

template <typename To>
std::vector<To> converted(const NpyArray& array) {
  std::vector<To> out;
  out.reserve(static_cast<std::size_t>(array.elements()));
  switch (array.type) {
    case NpyType::F32:
      append<float>(array, out);
      break;
    case NpyType::F64:
      append<double>(array, out);
      break;
    case NpyType::I32:
      append<std::int32_t>(array, out);
      break;
    case NpyType::I64:
      append<std::int64_t>(array, out);
      break;
    case NpyType::U8:
    case NpyType::Bool:
      append<std::uint8_t>(array, out);
      break;
  }
  return out;
}

}  // namespace

std::size_t size_of(NpyType type) noexcept {
  switch (type) {
    case NpyType::F64:
    case NpyType::I64:
      return 8;
    case NpyType::F32:
    case NpyType::I32:
      return 4;
    case NpyType::U8:
    case NpyType::Bool:
      return 1;
  }
  return 1;
}

std::string_view name_of(NpyType type) noexcept {
  for (const auto& known : kTypes) {
    if (known.type == type) return known.descr.substr(1);
  }
  return "?";
}

std::vector<float> NpyArray::to_floats() const {
  return converted<float>(*this);
}

std::vector<double> NpyArray::to_doubles() const {
  return converted<double>(*this);
}

NpyArray decode_npy(std::span<const std::byte> bytes, std::string_view name) {
  const std::string_view file(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const auto [text, data] = split(file, name);
  Header header = HeaderParser(text, name).parse();
  if (header.fortran)
    fail(Errc::Unsupported, "npy", name, " is in Fortran order; save it with numpy.ascontiguousarray");
  const NpyType type = type_of(header.descr, name);
  const auto elements = product(header.shape);
  if (!elements || static_cast<std::uint64_t>(*elements) > data.size() / size_of(type) ||
      data.size() != static_cast<std::size_t>(*elements) * size_of(type)) {
    fail(Errc::Corrupt, "npy", name, " holds ", data.size(),
         " bytes of data, which is not what its shape asks for");
  }
  const auto* const first = reinterpret_cast<const std::byte*>(data.data());
  return {type, std::move(header.shape), {first, first + data.size()}};
}

NpyArray read_npy(const std::filesystem::path& path) {
  return decode_npy(read_bytes(path, kMaxNpyBytes), path.string());
}

}  // namespace lateral::format
