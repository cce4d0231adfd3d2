#include "plugins/common/header_reader.hpp"

#include <algorithm>
#include <charconv>

#include <lateral/sdk/error.hpp>

namespace lateral::plugins {
namespace {

constexpr std::size_t kMaxName = 256;

class Reader {
 public:
  Reader(std::string_view text, const std::string& name) : text_(text), name_(name) {}

  Header header() {
    Header header;
    object([&](const std::string& key) {
      if (key == "__metadata__") {
        object([&](const std::string& note) { header.notes[note] = string(); });
      } else if (!header.entries.emplace(plain(key), entry()).second) {
        refuse("the same tensor twice");
      }
    });
    skip_space();
    if (at_ != text_.size()) refuse("something after the end");
    return header;
  }

 private:
  HeaderEntry entry() {
    HeaderEntry entry;
    object([&](const std::string& key) {
      if (key == "dtype") {
        entry.dtype = plain(string());
      } else if (key == "shape") {
        entry.shape = integers();
      } else if (key == "data_offsets") {
        const auto range = integers();
        if (range.size() != 2) refuse("data_offsets without begin and end");
        entry.begin = static_cast<std::uint64_t>(range[0]);
        entry.end = static_cast<std::uint64_t>(range[1]);
      } else {
        refuse("an unknown key");
      }
    });
    return entry;
  }

  template <typename Member>
  void object(const Member& member) {
    list('{', '}', [&] {
      const std::string key = string();
      expect(':');
      member(key);
    });
  }

  std::vector<std::int64_t> integers() {
    std::vector<std::int64_t> values;
    list('[', ']', [&] { values.push_back(integer()); });
    return values;
  }

  template <typename Item>
  void list(char open, char close, const Item& item) {
    expect(open);
    if (accept(close)) return;
    do item();
    while (accept(','));
    expect(close);
  }

  std::string string() {
    expect('"');
    std::string value;
    while (at_ < text_.size() && text_[at_] != '"') {
      if (text_[at_] == '\\' && ++at_ < text_.size()) {
        value += unescaped(text_[at_++]);
      } else if (at_ < text_.size()) {
        value += text_[at_++];
      }
    }
    if (at_ == text_.size()) refuse("a text without end");
    ++at_;
    return value;
  }

  /// Names go into messages, and those of our encoders are letters, digits and dots.
  const std::string& plain(const std::string& name) const {
    const bool fits = name.size() <= kMaxName &&
                      std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 0x7F; });
    if (!fits) refuse("a name that encoders' files do not use");
    return name;
  }

  char unescaped(char c) const {
    switch (c) {
      case '"':
      case '\\':
      case '/':
        return c;
      case 'n':
        return '\n';
      case 't':
        return '\t';
      default:
        refuse("an escape that encoders' files do not use");
    }
  }

  /// Not negative: no field of the header is.
  std::int64_t integer() {
    skip_space();
    std::int64_t value = -1;
    const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    if (error != std::errc() || value < 0) refuse("no valid number");
    at_ = static_cast<std::size_t>(end - text_.data());
    return value;
  }

  void expect(char c) {
    if (!accept(c)) refuse(std::string("no '") + c + "'");
  }
  bool accept(char c) {
    skip_space();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t')) ++at_;
  }
  [[noreturn]] void refuse(const std::string& what) const {
    sdk::fail(LAT_DATA_LOSS, name_, " is no safetensors file: ", what, " at byte ", at_, " of its header");
  }

  std::string_view text_;
  const std::string& name_;
  std::size_t at_ = 0;
};

}  // namespace

Header read_header(std::string_view text, const std::string& name) {
  return Reader(text, name).header();
}

}  // namespace lateral::plugins
