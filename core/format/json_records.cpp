#include "core/format/json_records.hpp"

#include <fstream>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace lateral::format::json {
namespace {

constexpr std::size_t kChunkBytes = 1U << 20U;
constexpr std::size_t kMaxKeyBytes = 256;

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/// Follows brackets and strings through text that is not looked at otherwise.
class Nesting {
 public:
  void take(char c) {
    if (in_string_) {
      if (escaped_)
        escaped_ = false;
      else if (c == '\\')
        escaped_ = true;
      else if (c == '"')
        in_string_ = false;
    } else if (c == '"') {
      in_string_ = true;
    } else if (c == '{' || c == '[') {
      ++depth_;
    } else if (c == '}' || c == ']') {
      --depth_;
    }
  }
  std::int64_t depth() const { return depth_; }
  bool in_string() const { return in_string_; }

 private:
  std::int64_t depth_ = 0;
  bool in_string_ = false, escaped_ = false;
};

/// Cuts the text into records as it comes, byte by byte.
class Cutter {
 public:
  Cutter(const RecordList& list, const std::function<void(const Value&)>& each)
      : list_(list), each_(each), name_(shown(list.path.filename().string(), 255)) {}

  void take(std::string_view chunk) {
    for (const char c : chunk) take(c);
  }

  std::int64_t finish() const {
    if (state_ != State::End) corrupt("the file ends before the list does");
    return records_;
  }

 private:
  enum class State { Start, Outside, List, Record, End };

  [[noreturn]] void corrupt(std::string_view what) const {
    const std::string list = list_.member.empty()
                                 ? "a list of objects"
                                 : "an object whose member \"" + shown(list_.member) + "\" is a list";
    fail(Errc::Corrupt, "json", name_, "[", records_, "]: ", what, "; ", list, " was expected");
  }

  void take(char c) {
    switch (state_) {
      case State::Start:
        return start(c);
      case State::Outside:
        return outside(c);
      case State::List:
        return between(c);
      case State::Record:
        return inside(c);
      case State::End:
        if (!is_blank(c)) corrupt("there is more after the end");
    }
  }

  void start(char c) {
    if (is_blank(c)) return;
    if (c != (list_.member.empty() ? '[' : '{')) corrupt("the text begins with something else");
    outer_.take(c);
    state_ = list_.member.empty() ? State::List : State::Outside;
  }

  // In the outer object. At its own level the last string is a key once a colon follows it.
  void outside(char c) {
    const bool own_level = outer_.depth() == 1, was_string = outer_.in_string();
    if (own_level && !was_string && c == '[' && key_ == list_.member) {
      if (found_) corrupt("the list is there twice");
      found_ = true;
      outer_.take(c);
      state_ = State::List;
      return;
    }
    outer_.take(c);
    if (outer_.depth() == 0) {
      if (!found_) corrupt("there is no such member");
      state_ = State::End;
    } else if (own_level) {
      note_key(c, was_string);
    }
  }

  void note_key(char c, bool was_string) {
    if (!was_string && outer_.in_string()) {
      word_.clear();
    } else if (was_string && outer_.in_string()) {
      if (word_.size() < kMaxKeyBytes) word_ += c;
    } else if (!was_string && c == ':') {
      key_ = word_;
    } else if (!was_string && c == ',') {
      key_.clear();
    }
  }

  void between(char c) {
    if (is_blank(c)) return;
    if (c == ']' && !comma_) {
      outer_.take(c);
      key_.clear();
      state_ = outer_.depth() == 0 ? State::End : State::Outside;
    } else if (c == ',' && records_ > 0 && !comma_) {
      comma_ = true;
    } else if (c == '{' && (records_ == 0 || comma_)) {
      comma_ = false;
      record_.assign(1, c);
      inner_ = {};
      inner_.take(c);
      state_ = State::Record;
    } else {
      corrupt("this is no object");
    }
  }

  void inside(char c) {
    if (record_.size() >= list_.record.max_bytes) {
      fail(Errc::ResourceExhausted, "json", name_, "[", records_, "] is larger than ", list_.record.max_bytes,
           " bytes");
    }
    record_ += c;
    inner_.take(c);
    if (inner_.depth() > 0) return;
    each_(parse(record_, name_ + "[" + std::to_string(records_) + "]", list_.record));
    ++records_;
    state_ = State::List;
  }

  const RecordList& list_;
  const std::function<void(const Value&)>& each_;
  std::string name_;
  State state_ = State::Start;
  Nesting outer_, inner_;
  std::string record_, word_, key_;
  bool found_ = false, comma_ = false;
  std::int64_t records_ = 0;
};

}  // namespace

std::int64_t for_each_record(const RecordList& list, const std::function<void(const Value&)>& each,
                             const RecordProgress& progress) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(list.path, error))
    fail(Errc::NotFound, "json", list.path.string(), " is not there, or is no file");
  const auto total = static_cast<std::int64_t>(std::filesystem::file_size(list.path, error));
  std::ifstream file(list.path, std::ios::binary);
  if (!file) fail(Errc::Io, "json", list.path.string(), " cannot be opened");
  Cutter cutter(list, each);
  std::vector<char> chunk(kChunkBytes);
  std::int64_t done = 0;
  while (file.read(chunk.data(), static_cast<std::streamsize>(chunk.size())) || file.gcount() > 0) {
    cutter.take({chunk.data(), static_cast<std::size_t>(file.gcount())});
    done += file.gcount();
    if (progress) progress(done, total);
  }
  if (file.bad()) fail(Errc::Io, "json", list.path.string(), " cannot be read to its end");
  return cutter.finish();
}

}  // namespace lateral::format::json
