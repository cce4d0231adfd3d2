#include "core/dataset/drivelm.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include "core/base/error.hpp"
#include "core/dataset/nuscenes_tables.hpp"
#include "core/dataset/table_values.hpp"

namespace lateral::dataset {
namespace {

using format::json::Value;
constexpr format::json::Limits kLimits{.max_bytes = 1ULL << 30U, .max_depth = 32};
using Words =
    std::map<std::string, std::string, std::less<>>;  // "<c1,CAM_BACK,1088.3,497.5>" -> words for it

void make_small(std::string& text) {
  const bool acronym = text.size() > 1 && text[1] >= 'A' && text[1] <= 'Z';
  if (text.size() > 1 && !acronym && text[0] >= 'A' && text[0] <= 'Z')
    text[0] = static_cast<char>(text[0] - 'A' + 'a');
}

void drop_full_stop(std::string& text) {
  while (!text.empty() && (text.back() == '.' || text.back() == ' ' || text.back() == '\n')) text.pop_back();
}

/// "CAM_FRONT_LEFT" -> "front left camera"
std::string words_of_channel(std::string_view channel) {
  if (channel.starts_with("CAM_")) channel.remove_prefix(4);
  std::string words;
  for (const char c : channel)
    words += c == '_' ? ' ' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return words + " camera";
}

Words words_of_objects(const Value& frame) {
  Words words;
  const auto objects = frame.find("key_object_infos");
  if (!objects) return words;
  for (std::size_t i = 0; i < objects->size(); ++i) {
    const std::string tag(objects->key(i));
    std::string description = (*objects)[i].get("Visual_description", "");
    drop_full_stop(description);
    make_small(description);
    const std::size_t comma = tag.find(','), end = tag.find(',', comma + 1);
    if (description.empty() || comma == tag.npos || end == tag.npos) continue;
    words[tag] = "the " + description + " in the " +
                 words_of_channel(std::string_view(tag).substr(comma + 1, end - comma - 1));
  }
  return words;
}

/// Nothing when an object has no words.
std::optional<std::string> with_words(std::string_view question, const Words& words) {
  std::string text;
  for (std::size_t at = 0;;) {
    const std::size_t tag = question.find("<c", at);
    text += question.substr(at, tag - at);
    if (tag == question.npos) return text;
    const std::size_t end = question.find('>', tag);
    if (end == question.npos) return std::nullopt;
    const auto found = words.find(question.substr(tag, end - tag + 1));
    if (found == words.end()) return std::nullopt;
    text += found->second;
    at = end + 1;
  }
}

/// Whether a scene is of the wanted condition.
class Weather {
 public:
  Weather(const DriveLmImport& import, const Work& work) : wanted_(import.condition) {
    if (!import.tables.empty()) scenes_ = read_nuscenes_scenes(import.tables, work);
  }

  bool wants(const std::string& scene, const Frame& frame) const {
    if (wanted_ == Condition::Any) return true;
    if (!scenes_) return is_of(wanted_, of_the_sample(frame));
    const auto found = scenes_->find(scene);
    return found != scenes_->end() && is_of(wanted_, found->second.description);
  }

 private:
  std::string_view of_the_sample(const Frame& frame) const {
    const std::string file = frame.views.empty() ? "" : frame.views.front().name.filename().string();
    if (file.starts_with("n008-")) return "rain";
    if (file.starts_with("n015-")) return "";
    fail(Errc::InvalidArgument, "drivelm", "whether it rained at ", file,
         " is not known; name the folder of nuScenes tables: --tables DIR/v1.0-trainval");
  }

  Condition wanted_;
  std::optional<std::unordered_map<std::string, NuScenesScene>> scenes_;
};

Frame frame_of(const std::string& token, const std::string& scene, const Value& keyframe,
               const DriveLmImport& import) {
  Frame frame{.id = token, .scene = scene, .split = {}, .views = {}, .sweep = {}};
  const Value paths = keyframe.at("image_paths");
  for (const std::string& channel : import.views) {
    // The whole data set writes "../nuscenes/samples/...": from its own folder, beside nuScenes.
    const Value path = paths.at(channel);
    std::string_view text = path.as_string();
    constexpr std::string_view kBeside = "../nuscenes/";
    if (text.starts_with(kBeside)) text.remove_prefix(kBeside.size());
    const std::string name = path_inside(text, path);
    frame.views.push_back({import.root / name, name});
  }
  return frame;
}

void ask(Collection& collection, const std::string& token, const Value& keyframe,
         const DriveLmImport& import) {
  const Words words = words_of_objects(keyframe);
  const Value kinds = keyframe.at("QA");
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const std::string kind(kinds.key(i));
    if (!import.kinds.contains(kind)) continue;
    const Value list = kinds[i];
    for (std::size_t j = 0; j < list.size(); ++j) {
      const std::string_view text = list[j].at("Q").as_string();
      const std::string answer = short_answer(list[j].at("A").as_string(), import.max_words);
      const auto question = with_words(text, words);
      if (answer.empty())
        collection.leave_out("questions with long answers", token + ": " + std::string(text));
      else if (!question || question->empty())
        collection.leave_out("questions about objects without words", token + ": " + std::string(text));
      else
        collection.ask(collection.find(token), *question, answer, kind);
    }
  }
}

}  // namespace

std::string short_answer(std::string_view answer, int max_words) {
  if (answer.find('<') != answer.npos) return {};
  std::string text(answer);
  drop_full_stop(text);
  const std::size_t first = text.find_first_not_of(" \n");
  if (first == text.npos) return {};
  text.erase(0, first);
  if (std::count(text.begin(), text.end(), ' ') >= max_words) return {};
  make_small(text);
  return text;
}

void import_drivelm(const DriveLmImport& given, Collection& collection, const Work& work) {
  DriveLmImport import = given;
  import.root = std::filesystem::absolute(given.root).lexically_normal();
  const Value scenes = format::json::read_file(import.questions, kLimits);
  if (!scenes.is(format::json::Kind::Object)) scenes.reject("an object of scenes");
  const Weather weather(import, work);
  std::vector<Frame> frames;
  std::vector<std::pair<std::string, Value>> keyframes;
  for (std::size_t i = 0; i < scenes.size(); ++i) {
    const std::string scene = token_of(scenes.key(i), scenes);
    const Value list = scenes[i].at("key_frames");
    for (std::size_t j = 0; j < list.size(); ++j) {
      work.at("reading questions", static_cast<std::int64_t>(i), static_cast<std::int64_t>(scenes.size()));
      Frame frame = frame_of(token_of(list.key(j), list), scene, list[j], import);
      if (!weather.wants(scene, frame)) {
        collection.leave_out("keyframes of other conditions", frame.id);
        continue;
      }
      keyframes.emplace_back(frame.id, list[j]);
      frames.push_back(std::move(frame));
    }
  }
  add_frames(collection, frames, import.frames, work);
  for (const auto& [token, keyframe] : keyframes) {
    if (collection.has(token)) ask(collection, token, keyframe, import);
  }
}

}  // namespace lateral::dataset
