#include "core/dataset/path_pattern.hpp"

#include <algorithm>
#include <functional>

#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace lateral::dataset {
namespace {

constexpr std::size_t kMaxParts = 64, kMaxPathBytes = 1024;

[[noreturn]] void refuse(std::string_view text, std::string_view why) {
  fail(Errc::InvalidArgument, "import", "pattern '", shown(text, 200), "': ", why);
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "{" : ", {") + name + "}";
  return text;
}

}  // namespace

PathPattern::PathPattern(std::string_view text, const std::vector<std::string>& names) : text_(text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '*') {
      if (!parts_.empty() && parts_.back().kind != Part::Kind::Text)
        refuse(text, "nothing separates a * from what is before it");
      parts_.push_back({Part::Kind::Any, {}});
    } else if (text[i] == '{') {
      const std::size_t end = text.find('}', i);
      if (end == text.npos) refuse(text, "a bracket { is not closed");
      std::string name(text.substr(i + 1, end - i - 1));
      if (std::find(names.begin(), names.end(), name) == names.end())
        refuse(text, "{" + shown(name) + "} is not known; there are " + joined(names));
      if (has(name)) refuse(text, "{" + name + "} is there twice");
      if (!parts_.empty() && parts_.back().kind != Part::Kind::Text)
        refuse(text, "nothing separates {" + name + "} from what is before it");
      parts_.push_back({Part::Kind::Name, std::move(name)});
      i = end;
    } else if (text[i] == '}') {
      refuse(text, "a bracket } was not opened");
    } else {
      add_text(text[i]);
    }
  }
  if (parts_.empty() || parts_.size() > kMaxParts) refuse(text, "1 to 64 parts were expected");
}

void PathPattern::add_text(char c) {
  if (parts_.empty() || parts_.back().kind != Part::Kind::Text) parts_.push_back({Part::Kind::Text, {}});
  parts_.back().text += c;
}

bool PathPattern::has(std::string_view name) const {
  return std::any_of(parts_.begin(), parts_.end(),
                     [&](const Part& part) { return part.kind == Part::Kind::Name && part.text == name; });
}

std::optional<std::map<std::string, std::string>> PathPattern::match(std::string_view path) const {
  if (path.size() > kMaxPathBytes) return std::nullopt;
  std::map<std::string, std::string> found;
  const std::size_t places = path.size() + 1;
  std::vector<bool> hopeless(parts_.size() * places);  // tried from there before, in vain
  const std::function<bool(std::size_t, std::size_t)> match_from = [&](std::size_t part,
                                                                       std::size_t at) -> bool {
    if (part == parts_.size()) return at == path.size();
    if (hopeless[part * places + at]) return false;
    const Part& wanted = parts_[part];
    if (wanted.kind == Part::Kind::Text) {
      if (path.substr(at, wanted.text.size()) == wanted.text && match_from(part + 1, at + wanted.text.size()))
        return true;
    } else {
      const bool is_name = wanted.kind == Part::Kind::Name;
      for (std::size_t end = at + (is_name ? 1 : 0); end <= path.size(); ++end) {
        if (end > at && path[end - 1] == '/') break;
        if (!match_from(part + 1, end)) continue;
        if (is_name) found[wanted.text] = path.substr(at, end - at);
        return true;
      }
    }
    hopeless[part * places + at] = true;
    return false;
  };
  if (!match_from(0, 0)) return std::nullopt;
  return found;
}

}  // namespace lateral::dataset
