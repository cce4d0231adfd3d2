#include "tests/bench/sense_data.hpp"

#include <algorithm>
#include <charconv>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <string_view>
#include <utility>

#include "core/base/file.hpp"
#include "core/base/hash.hpp"
#include "core/base/random.hpp"
#include "core/format/resample.hpp"
#include "core/format/wav.hpp"
#include "tests/bench/frozen_encoders.hpp"

namespace lateral::bench {
namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t kMostBytes = 64U << 20U;

/// What was recorded, before anything is chosen from it.
struct Recorded {
  std::vector<runtime::SensorInput> inputs;
  std::vector<std::int64_t> labels;
  std::vector<std::string> groups;

  void add(runtime::SensorInput input, std::int64_t label, std::string group) {
    inputs.push_back(std::move(input));
    labels.push_back(label);
    groups.push_back(std::move(group));
  }
  std::size_t size() const { return inputs.size(); }
};

std::int64_t number_of(const std::string& group) {
  return static_cast<std::int64_t>(Hash64().add(group).value() >> 2U);
}

/// Turn by turn a moment of each class, and of a class one of each group: many kinds of few.
std::vector<std::size_t> varied(const Recorded& all, std::size_t most, std::uint64_t seed) {
  std::vector<std::size_t> order(all.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  Random(seed).shuffle(std::span(order));
  std::map<std::pair<std::int64_t, std::string>, std::int64_t> of_group;
  std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t> of_class;  // how many of a class in a round
  std::vector<std::pair<std::pair<std::int64_t, std::int64_t>, std::size_t>> turns;
  for (const std::size_t i : order) {
    const auto round = of_group[{all.labels[i], all.groups[i]}]++;
    turns.push_back({{round, of_class[{all.labels[i], round}]++}, i});
  }
  std::stable_sort(turns.begin(), turns.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::size_t> chosen;
  std::map<std::int64_t, std::size_t> taken;
  const std::size_t classes = std::set<std::int64_t>(all.labels.begin(), all.labels.end()).size();
  const std::size_t each = (most + classes - 1) / classes;
  for (const auto& [turn, i] : turns) {
    if (chosen.size() < most && taken[all.labels[i]]++ < each) chosen.push_back(i);
  }
  return chosen;
}

std::vector<std::size_t> some(const Recorded& all, std::size_t most, std::uint64_t seed) {
  std::vector<std::size_t> order(all.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  Random(seed).shuffle(std::span(order));
  order.resize(std::min(order.size(), most));
  return order;
}

Moments moments_of(const Recorded& all, const std::vector<std::size_t>& chosen) {
  Moments moments;
  for (const std::size_t i : chosen) {
    moments.inputs.push_back(all.inputs[i]);
    moments.labels.push_back(all.labels[i]);
    moments.groups.push_back(number_of(all.groups[i]));
  }
  return moments;
}

/// Of distinct groups, in an order drawn from the seed, one in `every` is asked.
void part_by_group(const Recorded& all, std::uint64_t seed, std::size_t every, Recorded& known,
                   Recorded& asked) {
  const std::set<std::string> distinct(all.groups.begin(), all.groups.end());
  std::vector<std::string> order(distinct.begin(), distinct.end());
  Random(7).shuffle(std::span(order));
  std::set<std::string> aside;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i % every == seed % every) aside.insert(order[i]);
  }
  for (std::size_t i = 0; i < all.size(); ++i)
    (aside.contains(all.groups[i]) ? asked : known).add(all.inputs[i], all.labels[i], all.groups[i]);
}

void choose(Sense& sense, const DataPlan& plan, const Recorded& known, const Recorded& asked, bool even) {
  const auto most = static_cast<std::size_t>(plan.most);
  sense.known = moments_of(known, even ? varied(known, most, plan.seed) : some(known, most, plan.seed));
  sense.asked = moments_of(asked, some(asked, static_cast<std::size_t>(plan.most_asked), plan.seed + 1));
}

/// Everything from `data`; who is asked is all of `held_out`, or every `every`-th group.
void parted(const DataPlan& plan, std::size_t every, const std::function<Recorded(const fs::path&)>& read,
            Recorded& known, Recorded& asked) {
  const Recorded all = read(plan.data);
  if (plan.held_out.empty()) return part_by_group(all, plan.seed, every, known, asked);
  known = all;
  asked = read(plan.held_out);
}

template <typename T>
runtime::SensorInput input_of(const char* name, plugin::InputKind kind, std::vector<std::int64_t> shape,
                              std::span<const T> values) {
  runtime::SensorInput input;
  input.name = name;
  input.kind = kind;
  input.shape = std::move(shape);
  const auto bytes = std::as_bytes(values);
  input.bytes.assign(bytes.begin(), bytes.end());
  return input;
}

// --- signs

void read_signs(const fs::path& folder, const std::string& set, Recorded& signs) {
  constexpr std::size_t kPixels = 32 * 32 * 3;
  const auto bytes = read_bytes(folder / (set + ".bin"), kMostBytes);
  const std::string names = read_text(folder / (set + ".names.txt"), kMostBytes);
  std::size_t line = 0;
  for (std::size_t at = 0; at + kPixels < bytes.size(); at += kPixels + 1) {
    const auto end = std::min(names.find('\n', line), names.size());
    const std::string name = names.substr(line, end - line);
    line = end + 1;
    auto picture = input_of("image", plugin::InputKind::Image, {1, 32, 32, 3},
                            std::span<const std::byte>(bytes).subspan(at + 1, kPixels));
    signs.add(std::move(picture), std::to_integer<std::int64_t>(bytes[at]), name.substr(0, name.rfind('_')));
  }
}

const std::vector<std::string> kSigns{
    "speed limit 20",    "speed limit 30",    "speed limit 50",   "speed limit 60",  "speed limit 70",
    "speed limit 80",    "end of limit 80",   "speed limit 100",  "speed limit 120", "no passing",
    "no truck may pass", "priority ahead",    "priority road",    "yield",           "stop",
    "no vehicles",       "no trucks",         "no entry",         "danger",          "curve left",
    "curve right",       "double curve",      "bumpy road",       "slippery road",   "road narrows",
    "road works",        "traffic lights",    "pedestrians",      "children",        "bicycles",
    "ice or snow",       "wild animals",      "end of limits",    "turn right",      "turn left",
    "ahead only",        "straight or right", "straight or left", "keep right",      "keep left",
    "roundabout",        "passing allowed",   "trucks may pass"};

// --- sound

constexpr int kRate = 16'000;  // what res8 heard; the host resamples files to it as well

runtime::SensorInput sound_of(const fs::path& file) {
  auto audio = format::read_wav(file);
  if (audio.rate != kRate) audio = format::resampled(audio, kRate);
  auto sound = input_of("sound", plugin::InputKind::Audio, {static_cast<std::int64_t>(audio.samples.size())},
                        std::span<const float>(audio.samples));
  sound.rate_hz = kRate;
  return sound;
}

/// Also those in folders within it; none where there is no such folder.
std::vector<fs::path> files_in(const fs::path& folder, std::string_view suffix) {
  std::vector<fs::path> files;
  if (!fs::is_directory(folder)) return files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == suffix) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

const std::vector<std::string> kWordFolders{"_silence_", "_unknown_", "yes", "no",  "up",   "down",
                                            "left",      "right",     "on",  "off", "stop", "go"};
const std::vector<std::string> kWords{"nothing", "another word", "yes", "no",  "up",   "down",
                                      "left",    "right",        "on",  "off", "stop", "go"};

std::string speaker_of(const std::string& name) {
  const auto end = name.find("_nohash");
  return end == std::string::npos || end < 8 ? name : name.substr(end - 8, 8);
}

Recorded read_words(const fs::path& data) {
  Recorded words;
  for (std::size_t label = 0; label < kWordFolders.size(); ++label) {
    for (const auto& file : files_in(data / "speech_commands" / kWordFolders[label], ".wav"))
      words.add(sound_of(file), static_cast<std::int64_t>(label), speaker_of(file.stem().string()));
  }
  return words;
}

const std::vector<std::string> kDigits{"zero", "one", "two",   "three", "four",
                                       "five", "six", "seven", "eight", "nine"};

Recorded read_digits(const fs::path& data) {
  Recorded digits;
  for (const auto& file : files_in(data / "fsdd", ".wav")) {
    const std::string name = file.stem().string();  // digit_speaker_index
    const auto first = name.find('_'), last = name.rfind('_');
    digits.add(sound_of(file), name.front() - '0', name.substr(first + 1, last - first - 1));
  }
  return digits;
}

// --- motion

constexpr std::int64_t kWindow = 120, kHop = 60;  // rows, about 1.2 s and 0.6 s
constexpr double kMajority = 0.7;
const std::vector<std::string> kColumns{
    "x_acc", "y_acc", "z_acc", "x_gyro", "y_gyro", "z_gyro", "timestamp:elapsed"};
const std::vector<std::string> kLabels{"WALKING", "TURNING", "SEATED", "SITTING_DOWN", "STANDING_UP"};
const std::vector<std::string> kActivities{"walking", "turning", "sitting still", "sitting down",
                                           "standing up"};

/// One recording: rows of readings and a time in milliseconds, and what was done.
struct Motion {
  std::vector<double> values;  // kColumns a row
  std::vector<std::int64_t> labels;
};

Motion read_motion(const fs::path& file) {
  Motion motion;
  const std::string text = read_text(file, kMostBytes);
  for (std::size_t line = text.find('\n') + 1; line < text.size();) {
    const auto end = std::min(text.find('\n', line), text.size());
    const char* at = text.data() + line;
    for (std::size_t column = 0; column < kColumns.size(); ++column) {
      double value = 0;
      at = std::from_chars(at, text.data() + end, value).ptr + 1;
      motion.values.push_back(value);
    }
    std::string label = text.substr(text.rfind(',', end - 1) + 1, end - text.rfind(',', end - 1) - 1);
    if (!label.empty() && label.back() == '\r') label.pop_back();
    motion.labels.push_back(std::find(kLabels.begin(), kLabels.end(), label) - kLabels.begin());
    line = end + 1;
  }
  return motion;
}

/// Times count from the window's first row, as the host gives them: those since 1970 are more than a float holds.
runtime::SensorInput window_of(const Motion& motion, std::int64_t first) {
  const std::size_t width = kColumns.size();
  const auto begin = static_cast<std::size_t>(first) * width;
  std::vector<float> values(static_cast<std::size_t>(kWindow) * width);
  const double start = motion.values[begin + width - 1];
  for (std::size_t i = 0; i < values.size(); ++i) {
    const bool time = i % width == width - 1;
    values[i] = static_cast<float>(motion.values[begin + i] - (time ? start : 0));
  }
  auto window = input_of("motion", plugin::InputKind::Table, {kWindow, static_cast<std::int64_t>(width)},
                         std::span<const float>(values));
  window.columns = kColumns;
  return window;
}

void add_windows(const Motion& motion, const std::string& subject, Recorded& windows) {
  const auto rows = static_cast<std::int64_t>(motion.labels.size());
  for (std::int64_t first = 0; first + kWindow <= rows; first += kHop) {
    std::map<std::int64_t, std::int64_t> counts;
    for (std::int64_t i = first; i < first + kWindow; ++i)
      ++counts[motion.labels[static_cast<std::size_t>(i)]];
    for (const auto& [label, count] : counts) {
      if (static_cast<double>(count) >= kMajority * static_cast<double>(kWindow))
        windows.add(window_of(motion, first), label, subject);
    }
  }
}

Recorded read_activities(const fs::path& data) {
  Recorded windows;
  std::set<fs::path> subjects;
  for (const auto& entry : fs::directory_iterator(data / "imu_har")) {
    if (entry.is_directory()) subjects.insert(entry.path());
  }
  for (const auto& subject : subjects) {
    for (const auto& file : files_in(subject, ".csv"))
      add_windows(read_motion(file), subject.filename().string(), windows);
  }
  return windows;
}

// A sense of the bundled plugin torch-module, in the host's process: the encoders are the measurer's own files.
std::string module_table(const fs::path& file, const std::string& rest) {
  return "library = \"torch-module\"\nisolation = \"thread\"\noptions.file = \"" + file.string() + "\"\n" +
         rest;
}

/// Of one second of sound. Words and digits hear with the same file.
std::string res8_table(const DataPlan& plan, const std::string& rest) {
  const auto file = plan.encoders / "res8.pt";
  if (!fs::exists(file)) write_res8(plan.data, file);
  return module_table(file, R"(options.inputs = "sound"
options.input.sound.kind = "audio"
options.input.sound.rate_hz = 16000
)" + rest);
}

}  // namespace

Sense traffic_signs(const DataPlan& plan) {
  const auto file = plan.encoders / "resnet20.pt";
  write_resnet20(plan.data, file);
  Sense sense{"signs",
              module_table(file, R"(options.method = "shapes"
options.inputs = "image"
options.input.image.kind = "image"
options.input.image.shape = [1, 32, 32, 3]
options.input.image.divide_by = 255
options.input.image.mean = "0.485, 0.456, 0.406"
options.input.image.std = "0.229, 0.224, 0.225"
options.output.tokens.layout = "1 e h w -> (h w) e"
options.output.tokens.shape = [16, 32]
)"),
              "what sign is this?",
              kSigns,
              {},
              {}};
  Recorded known, asked;
  read_signs(plan.data / "gtsrb32", "train", known);
  for (const char* set : {"val", "test"}) {
    const auto folder = (plan.held_out.empty() ? plan.data : plan.held_out) / "gtsrb32";
    if (fs::exists(folder / (std::string(set) + ".bin"))) read_signs(folder, set, asked);
  }
  choose(sense, plan, known, asked, true);
  return sense;
}

Sense spoken_words(const DataPlan& plan) {
  Sense sense{
      "words", res8_table(plan, "options.output.tokens.shape = [1, 45]\n"), "what word is said?", kWords, {},
      {}};
  Recorded known, asked;
  parted(plan, 3, read_words, known, asked);
  choose(sense, plan, known, asked, true);
  return sense;
}

Sense spoken_digits(const DataPlan& plan) {
  Sense sense{"digits",
              res8_table(plan, "options.method = \"early\"\noptions.output.tokens.shape = [5, 45]\n"),
              "what digit is said?",
              kDigits,
              {},
              {}};
  Recorded known, asked;
  parted(plan, 4, read_digits, known, asked);
  choose(sense, plan, known, asked, true);
  return sense;
}

Sense activities(const DataPlan& plan) {
  const auto weights = plan.data / "weights/limu_bert/limu_bert_motion.safetensors";
  Sense sense{
      "motion",
      "library = \"imu\"\nisolation = \"thread\"\noptions.time = \"timestamp\"\noptions.weights = \"" +
          weights.string() + "\"\n",
      "what are they doing?",
      kActivities,
      {},
      {}};
  Recorded known, asked;
  parted(plan, 5, read_activities, known, asked);
  choose(sense, plan, known, asked, false);
  return sense;
}

}  // namespace lateral::bench
