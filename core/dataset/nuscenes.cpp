#include "core/dataset/nuscenes.hpp"

#include <unordered_map>

#include "core/base/error.hpp"
#include "core/dataset/nuscenes_tables.hpp"
#include "core/dataset/table_values.hpp"
#include "core/format/json_records.hpp"

namespace lateral::dataset {
namespace {

using format::json::Value;
constexpr std::string_view kSweep = "LIDAR_TOP";
constexpr std::int64_t kMaxQuestions = 16LL << 20U;

struct Asked {
  std::string moment, question, answer, type;
};

/// Questions about the keyframes that are wanted, and the split that they put these in.
class Questions {
 public:
  explicit Questions(const std::unordered_map<std::string, bool>& wanted) : wanted_(wanted) {}

  void read(const std::filesystem::path& file, Collection& collection, const Work& work) {
    const format::json::RecordList list{.path = file, .member = "questions"};
    format::json::for_each_record(
        list, [&](const Value& record) { add(record, collection); },
        [&](std::int64_t done, std::int64_t total) {
          work.at("reading " + file.filename().string(), done >> 20U, total >> 20U);
        });
  }

  bool asks_about(const std::string& token) const { return splits_.contains(token); }
  std::string split_of(const std::string& token) const {
    const auto found = splits_.find(token);
    return found == splits_.end() ? "" : found->second;
  }
  std::vector<Asked> take() { return std::move(asked_); }

 private:
  void add(const Value& record, Collection& collection) {
    const std::string token = token_of(record.at("sample_token"));
    const auto known = wanted_.find(token);
    if (known == wanted_.end())
      return collection.leave_out("questions about keyframes of other tables", token);
    if (!known->second) return collection.leave_out("questions about other conditions", token);
    Asked asked{
        token, std::string(record.at("question").as_string()), std::string(record.at("answer").as_string()),
        token_of(record.at("template_type")) + "-" + std::to_string(record.at("num_hop").as_int(0, 9))};
    if (asked.question.empty()) record.at("question").reject("a question");
    if (asked.answer.empty()) record.at("answer").reject("an answer");
    const Value said = record.at("split");
    const std::string split = said.as_string() == "train" ? "train" : said.as_string() == "val" ? "test" : "";
    if (split.empty()) said.reject("\"train\" or \"val\"");
    if (splits_.try_emplace(token, split).first->second != split)
      said.reject("the split that earlier questions about this keyframe have");
    asked_.push_back(std::move(asked));
    if (asked_.size() > kMaxQuestions)
      fail(Errc::ResourceExhausted, "nuscenes", "there are more than ", kMaxQuestions, " questions");
  }

  const std::unordered_map<std::string, bool>&
      wanted_;  // of all keyframes: whether its condition is the wanted one
  std::unordered_map<std::string, std::string> splits_;
  std::vector<Asked> asked_;
};

Frame frame_of(const NuScenesKeyframe& keyframe, const NuScenesImport& import) {
  Frame frame{.id = keyframe.token, .scene = keyframe.scene, .split = {}, .views = {}, .sweep = {}};
  for (const std::string& channel : import.views) {
    const auto file = keyframe.files.find(channel);
    if (file != keyframe.files.end()) frame.views.push_back({import.root / file->second, file->second});
  }
  const auto sweep = keyframe.files.find(std::string(kSweep));
  if (sweep != keyframe.files.end()) frame.sweep = import.root / sweep->second;
  return frame;
}

std::set<std::string> channels_of(const NuScenesImport& import) {
  std::set<std::string> channels;
  if (!import.frames.senses.camera.empty()) channels.insert(import.views.begin(), import.views.end());
  if (channels.size() != import.views.size() && !import.frames.senses.camera.empty())
    fail(Errc::InvalidArgument, "nuscenes", "a camera is among the views twice");
  if (!import.frames.senses.lidar.empty()) channels.emplace(kSweep);
  return channels;
}

std::unordered_map<std::string, bool> wanted_keyframes(const NuScenesTables& tables, Condition condition) {
  std::unordered_map<std::string, bool> wanted;
  for (const auto& keyframe : tables.keyframes)
    wanted.emplace(keyframe.token, is_of(condition, tables.scenes.at(keyframe.scene).description));
  return wanted;
}

}  // namespace

void import_nuscenes(const NuScenesImport& given, Collection& collection, const Work& work) {
  NuScenesImport import = given;
  import.root = std::filesystem::absolute(given.root).lexically_normal();
  const auto channels = channels_of(import);
  const auto tables = read_nuscenes_tables(nuscenes_version(import.root, import.version), channels, work);
  const auto wanted = wanted_keyframes(tables, import.condition);
  Questions questions(wanted);
  for (const auto& file : import.questions) questions.read(file, collection, work);

  std::vector<Frame> frames;
  for (const auto& keyframe : tables.keyframes) {
    if (!wanted.at(keyframe.token)) continue;
    if (!import.questions.empty() && !questions.asks_about(keyframe.token)) {
      collection.leave_out("keyframes that nothing is asked about", keyframe.token);
    } else if (keyframe.files.size() != channels.size()) {
      collection.leave_out("keyframes without one of the sensors", keyframe.token);
    } else {
      frames.push_back(frame_of(keyframe, import));
      if (import.published_split) frames.back().split = questions.split_of(keyframe.token);
    }
  }
  add_frames(collection, frames, import.frames, work);
  for (Asked& asked : questions.take()) {
    if (collection.has(asked.moment)) {
      collection.ask(collection.find(asked.moment), std::move(asked.question), std::move(asked.answer),
                     std::move(asked.type));
    } else {
      collection.leave_out("questions about keyframes without files", asked.moment);
    }
  }
}

}  // namespace lateral::dataset
