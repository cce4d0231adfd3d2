#include "core/dataset/frames.hpp"

#include <algorithm>
#include <initializer_list>
#include <set>
#include <utility>

#include "core/base/error.hpp"
#include "core/dataset/pictures.hpp"

namespace lateral::dataset {
namespace {

/// The words of a description, in small letters.
std::set<std::string> words_of(std::string_view text) {
  std::set<std::string> words;
  std::string word;
  for (const char given : text) {
    const char c = given >= 'A' && given <= 'Z' ? static_cast<char>(given - 'A' + 'a') : given;
    if (c >= 'a' && c <= 'z')
      word += c;
    else
      words.insert(std::exchange(word, {}));
  }
  words.insert(std::move(word));
  return words;
}

std::optional<std::filesystem::path> missing_file(const Frame& frame, const SenseNames& senses) {
  const auto is_missing = [](const std::filesystem::path& file) {
    std::error_code error;
    return !std::filesystem::is_regular_file(file, error);
  };
  if (!senses.camera.empty()) {
    for (const auto& view : frame.views) {
      if (is_missing(view.file)) return view.file;
    }
  }
  if (!senses.lidar.empty() && frame.sweep && is_missing(*frame.sweep)) return frame.sweep;
  return std::nullopt;
}

Moment moment_of(const Frame& frame, const std::string& split, const FrameImport& import) {
  Moment moment{frame.id, split, {}};
  if (!import.senses.camera.empty() && !frame.views.empty()) {
    const NightPictures night(import.out);
    auto& files = moment.inputs[import.senses.camera];
    for (const auto& view : frame.views)
      files.push_back(import.night_pictures ? night.of(view.file, view.name) : view.file);
  }
  if (!import.senses.lidar.empty() && frame.sweep) moment.inputs[import.senses.lidar] = {*frame.sweep};
  return moment;
}

}  // namespace

std::optional<Condition> condition_named(std::string_view name) {
  if (name == "day") return Condition::Day;
  if (name == "night") return Condition::Night;
  if (name == "clear") return Condition::Clear;
  if (name == "rain") return Condition::Rain;
  return std::nullopt;
}

bool is_of(Condition wanted, std::string_view description) {
  const auto words = words_of(description);
  const auto says = [&](std::initializer_list<const char*> forms) {
    return std::any_of(forms.begin(), forms.end(), [&](const char* form) { return words.contains(form); });
  };
  const bool night = says({"night", "nights", "nighttime"});
  const bool rain = says({"rain", "rains", "rainy", "raining", "rained", "rainfall"});
  switch (wanted) {
    case Condition::Any:
      return true;
    case Condition::Day:
      return !night;
    case Condition::Night:
      return night;
    case Condition::Clear:
      return !rain;
    case Condition::Rain:
      return rain;
  }
  return true;
}

const std::vector<std::string>& clockwise_views() {
  static const std::vector<std::string> views{"CAM_FRONT", "CAM_FRONT_RIGHT", "CAM_BACK_RIGHT",
                                              "CAM_BACK",  "CAM_BACK_LEFT",   "CAM_FRONT_LEFT"};
  return views;
}

void add_frames(Collection& collection, const std::vector<Frame>& frames, const FrameImport& import,
                const Work& work) {
  if (import.senses.camera.empty() && import.senses.lidar.empty())
    fail(Errc::InvalidArgument, "import", "neither camera nor lidar is wanted");
  std::vector<const Frame*> whole;
  std::set<std::string> groups;
  const auto group_of = [&](const Frame& frame) {
    return import.split_by == SplitBy::Scene ? frame.scene : frame.id;
  };
  for (const Frame& frame : frames) {
    if (const auto missing = missing_file(frame, import.senses)) {
      collection.leave_out("keyframes with a missing file", missing->string());
      continue;
    }
    whole.push_back(&frame);
    if (frame.split.empty()) groups.insert(group_of(frame));
  }
  const auto splits = split_groups(groups, import.split);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    const Frame& frame = *whole[i];
    work.at(import.night_pictures ? "making night" : "collecting", static_cast<std::int64_t>(i),
            static_cast<std::int64_t>(whole.size()));
    const std::string& split = frame.split.empty() ? splits.at(group_of(frame)) : frame.split;
    Moment moment = moment_of(frame, split, import);
    if (moment.inputs.empty())
      collection.leave_out("keyframes without a recording", frame.id);
    else
      collection.add(std::move(moment));
  }
}

}  // namespace lateral::dataset
