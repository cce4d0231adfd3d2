#include "core/format/sample_set.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/format/json.hpp"
#include "core/format/sample_set_parts.hpp"

namespace lateral::format {
namespace {

constexpr std::uint64_t kMaxFileBytes = 1ULL << 30U;
constexpr json::Limits kLineLimits{.max_bytes = 1U << 20U, .max_depth = 8};
constexpr std::size_t kMaxIdBytes = 256;
constexpr std::size_t kMaxFilesOfInput = 256;
const std::array<std::string, 3> kSplits{"train", "val", "test"};

/// A plain word: the id and input names become parts of messages, file names and command lines.
std::string word_of(const json::Value& value, std::string_view text) {
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (text.empty() || text.size() > kMaxIdBytes || std::any_of(text.begin(), text.end(), control)) {
    value.reject("1 to 256 bytes of text without control characters");
  }
  return std::string(text);
}

std::string split_of(const json::Value& value) {
  std::string split(value.as_string());
  if (std::find(kSplits.begin(), kSplits.end(), split) == kSplits.end()) {
    value.reject("\"train\", \"val\" or \"test\"");
  }
  return split;
}

std::filesystem::path path_of(const json::Value& value, const std::filesystem::path& folder) {
  const std::string_view text = value.as_string();
  if (text.empty() || text.find('\0') != text.npos) value.reject("a path");
  return (folder / text).lexically_normal();
}

std::vector<std::filesystem::path> paths_of(const json::Value& value, const std::filesystem::path& folder) {
  if (!value.is(json::Kind::Array)) return {path_of(value, folder)};
  if (value.size() == 0 || value.size() > kMaxFilesOfInput)
    value.reject("a path or a list of 1 to 256 paths");
  std::vector<std::filesystem::path> paths;
  for (std::size_t i = 0; i < value.size(); ++i) paths.push_back(path_of(value[i], folder));
  return paths;
}

Sample sample_of(const json::Value& line, const std::filesystem::path& folder) {
  if (!line.is(json::Kind::Object)) line.reject("an object");
  line.allow_only({"id", "split", "inputs", "question", "answer", "type"});
  Sample sample;
  const json::Value id = line.at("id");
  sample.id = word_of(id, id.as_string());
  sample.split = split_of(line.at("split"));
  const auto inputs = line.find("inputs");
  if (inputs && (!inputs->is(json::Kind::Object) || inputs->size() == 0))
    inputs->reject("an object with at least one input");
  for (std::size_t i = 0; inputs && i < inputs->size(); ++i) {
    sample.inputs.emplace(word_of(*inputs, inputs->key(i)), paths_of((*inputs)[i], folder));
  }
  sample.question = line.get("question", "");
  sample.answer = line.get("answer", "");
  sample.type = line.get("type", "");
  if (sample.question.empty() && !sample.answer.empty()) line.reject("a question beside the answer");
  return sample;
}

/// What the JSON reader says, without the name that we give each line.
std::string without_source(std::string message, std::string_view source) {
  const std::string prefix = "json: " + std::string(source) + ": ";
  return message.starts_with(prefix) ? message.substr(prefix.size()) : message;
}

/// Gives each line without its end; CRLF too.
bool take_line(std::string_view& text, std::string_view& line) {
  if (text.empty()) return false;
  const std::size_t end = text.find('\n');
  line = text.substr(0, end);
  text.remove_prefix(end == text.npos ? text.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return true;
}

}  // namespace

detail::ParsedLines detail::parse_lines(const std::filesystem::path& folder) {
  const auto base = std::filesystem::absolute(folder);
  const std::string file = read_text(base / "samples.jsonl", kMaxFileBytes);
  ParsedLines parsed;
  std::string_view text = file, line;
  while (take_line(text, line)) {
    const int number = static_cast<int>(++parsed.lines);
    if (line.find_first_not_of(" \t") == line.npos) continue;
    constexpr std::string_view kSource = "samples.jsonl";
    try {
      Sample sample = sample_of(json::parse(line, std::string(kSource), kLineLimits), base);
      sample.line = number;
      parsed.samples.push_back(std::move(sample));
    } catch (const Error& error) {
      parsed.problems.push_back({number, without_source(error.what(), kSource)});
    }
  }
  if (parsed.samples.empty() && parsed.problems.empty())
    parsed.problems.push_back({0, "there are no samples"});
  return parsed;
}

std::vector<Moment> moments_of(const SampleSet& set) {
  std::vector<Moment> moments;
  std::unordered_map<std::string_view, std::size_t> index;
  for (std::size_t i = 0; i < set.samples.size(); ++i) {
    const Sample& sample = set.samples[i];
    const auto [at, fresh] = index.emplace(sample.id, moments.size());
    if (fresh) moments.push_back({sample.id, sample.split, {}, {}});
    Moment& moment = moments[at->second];
    moment.inputs.insert(sample.inputs.begin(), sample.inputs.end());
    moment.samples.push_back(i);
  }
  return moments;
}

}  // namespace lateral::format
