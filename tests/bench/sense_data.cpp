#include "tests/bench/sense_data.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <string_view>

#include "core/base/file.hpp"
#include "core/base/hash.hpp"
#include "core/base/random.hpp"
#include "core/format/wav.hpp"
#include "tests/bench/frozen_encoders.hpp"

namespace lateral::bench {
namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t kMostBytes = 64U << 20U;

/// What was recorded, before anything is chosen from it.
struct Recorded {
  std::vector<at::Tensor> samples;  // of one shape
  std::vector<std::int64_t> labels;
  std::vector<std::string> groups;

  void add(at::Tensor sample, std::int64_t label, std::string group) {
    samples.push_back(std::move(sample));
    labels.push_back(label);
    groups.push_back(std::move(group));
  }
  std::size_t size() const { return samples.size(); }
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

using Encode = std::function<at::Tensor(const at::Tensor& samples)>;

Labelled encoded(const Recorded& all, const std::vector<std::size_t>& chosen, const Encode& encode) {
  const at::NoGradGuard no_gradients;
  constexpr std::size_t kAtOnce = 64;
  Labelled labelled;
  std::vector<at::Tensor> tokens;
  std::vector<std::int64_t> labels;
  for (std::size_t first = 0; first < chosen.size(); first += kAtOnce) {
    std::vector<at::Tensor> batch;
    for (std::size_t i = first; i < std::min(chosen.size(), first + kAtOnce); ++i) {
      batch.push_back(all.samples[chosen[i]]);
      labels.push_back(all.labels[chosen[i]]);
      labelled.groups.push_back(number_of(all.groups[chosen[i]]));
    }
    tokens.push_back(encode(at::stack(batch)));
  }
  labelled.tokens = at::cat(tokens);
  labelled.labels = at::tensor(labels, at::kLong);
  return labelled;
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
    (aside.contains(all.groups[i]) ? asked : known).add(all.samples[i], all.labels[i], all.groups[i]);
}

void finish(SenseData& sense, const DataPlan& plan, const Recorded& known, const Recorded& asked, bool even,
            const Encode& encode) {
  const auto most = static_cast<std::size_t>(plan.most);
  sense.known = encoded(known, even ? varied(known, most, plan.seed) : some(known, most, plan.seed), encode);
  sense.asked = encoded(asked, some(asked, static_cast<std::size_t>(plan.most_asked), plan.seed + 1), encode);
}

/// Everything from `data`; who is asked is all of `held_out`, or every `every`-th group.
void parted(const DataPlan& plan, std::size_t every, const std::function<Recorded(const fs::path&)>& read,
            Recorded& known, Recorded& asked) {
  const Recorded all = read(plan.data);
  if (plan.held_out.empty()) return part_by_group(all, plan.seed, every, known, asked);
  known = all;
  asked = read(plan.held_out);
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
    auto pixels = at::empty({32, 32, 3}, at::kByte);
    std::copy_n(reinterpret_cast<const std::uint8_t*>(bytes.data()) + at + 1, kPixels,
                pixels.mutable_data_ptr<std::uint8_t>());
    signs.add(pixels.permute({2, 0, 1}).to(at::kFloat) / 255, std::to_integer<std::int64_t>(bytes[at]),
              name.substr(0, name.rfind('_')));
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

constexpr std::int64_t kSecond = 16000;

/// 16 kHz from 8 kHz by a windowed sinc; other rates are taken as they are.
at::Tensor at_16_khz(const format::Audio& audio) {
  const auto samples = at::tensor(audio.samples, at::kFloat);
  if (audio.rate != 8000) return samples;
  const auto apart = at::stack({samples, at::zeros_like(samples)}, 1).flatten().view({1, 1, -1});
  const auto kernel = at::sinc(at::arange(-32, 33, at::kFloat) / 2) * at::hann_window(65, false, at::kFloat);
  return at::conv1d(apart, kernel.view({1, 1, -1}), {}, 1, 32).flatten();
}

at::Tensor one_second(const fs::path& file) {
  const auto samples = at_16_khz(format::read_wav(file));
  const auto kept = samples.narrow(0, 0, std::min(kSecond, samples.size(0)));
  return at::constant_pad_nd(kept, {0, kSecond - kept.size(0)});
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

struct Ear {
  Weights res8, tables;
  explicit Ear(const fs::path& data)
      : res8(data / "weights/honk_res8/res8.safetensors"),
        tables(data / "weights/honk_res8/mfcc_tables.safetensors") {}

  at::Tensor operator()(const at::Tensor& seconds, int depth, std::int64_t stretches) const {
    std::vector<at::Tensor> all;
    for (const auto& second : seconds.unbind()) all.push_back(cepstra(tables, second));
    return bench::res8(res8, at::stack(all), depth, stretches);
  }
};

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
      words.add(one_second(file), static_cast<std::int64_t>(label), speaker_of(file.stem().string()));
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
    digits.add(one_second(file), name.front() - '0', name.substr(first + 1, last - first - 1));
  }
  return digits;
}

// --- motion

constexpr std::int64_t kWindow = 120, kHop = 60, kChannels = 6;
constexpr double kGravity = 9.8, kMajority = 0.7;
const std::vector<std::string> kLabels{"WALKING", "TURNING", "SEATED", "SITTING_DOWN", "STANDING_UP"};
const std::vector<std::string> kActivities{"walking", "turning", "sitting still", "sitting down",
                                           "standing up"};

struct Motion {
  std::vector<float> values;  // kChannels a row
  std::vector<std::int64_t> labels;
};

Motion read_motion(const fs::path& file) {
  Motion motion;
  const std::string text = read_text(file, kMostBytes);
  for (std::size_t line = text.find('\n') + 1; line < text.size();) {
    const auto end = std::min(text.find('\n', line), text.size());
    const char* at = text.data() + line;
    for (std::int64_t channel = 0; channel < kChannels; ++channel) {
      float value = 0;
      at = std::from_chars(at, text.data() + end, value).ptr + 1;
      motion.values.push_back(channel < 3 ? value / static_cast<float>(kGravity) : value);
    }
    std::string label = text.substr(text.rfind(',', end - 1) + 1, end - text.rfind(',', end - 1) - 1);
    if (!label.empty() && label.back() == '\r') label.pop_back();
    motion.labels.push_back(std::find(kLabels.begin(), kLabels.end(), label) - kLabels.begin());
    line = end + 1;
  }
  return motion;
}

void add_windows(const Motion& motion, const std::string& subject, Recorded& windows) {
  const auto rows = static_cast<std::int64_t>(motion.labels.size());
  const auto all = at::tensor(motion.values, at::kFloat).view({rows, kChannels});
  for (std::int64_t first = 0; first + kWindow <= rows; first += kHop) {
    std::map<std::int64_t, std::int64_t> counts;
    for (std::int64_t i = first; i < first + kWindow; ++i)
      ++counts[motion.labels[static_cast<std::size_t>(i)]];
    for (const auto& [label, count] : counts) {
      if (static_cast<double>(count) >= kMajority * static_cast<double>(kWindow))
        windows.add(all.narrow(0, first, kWindow).clone(), label, subject);
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

}  // namespace

SenseData traffic_signs(const DataPlan& plan) {
  SenseData sense{"signs", "what sign is this?", kSigns, {}, {}};
  Recorded known, asked;
  read_signs(plan.data / "gtsrb32", "train", known);
  for (const char* set : {"val", "test"}) {
    const auto folder = (plan.held_out.empty() ? plan.data : plan.held_out) / "gtsrb32";
    if (fs::exists(folder / (std::string(set) + ".bin"))) read_signs(folder, set, asked);
  }
  const Weights weights(plan.data / "weights/resnet20_cifar10/resnet20.safetensors");
  finish(sense, plan, known, asked, true, [&](const at::Tensor& x) { return resnet20(weights, x); });
  return sense;
}

SenseData spoken_words(const DataPlan& plan) {
  SenseData sense{"words", "what word is said?", kWords, {}, {}};
  Recorded known, asked;
  parted(plan, 3, read_words, known, asked);
  const Ear ear(plan.data);
  finish(sense, plan, known, asked, true, [&](const at::Tensor& x) { return ear(x, 6, 1); });
  return sense;
}

SenseData spoken_digits(const DataPlan& plan) {
  SenseData sense{"digits", "what digit is said?", kDigits, {}, {}};
  Recorded known, asked;
  parted(plan, 4, read_digits, known, asked);
  const Ear ear(plan.data);
  finish(sense, plan, known, asked, true, [&](const at::Tensor& x) { return ear(x, 4, 5); });
  return sense;
}

SenseData activities(const DataPlan& plan) {
  SenseData sense{"motion", "what are they doing?", kActivities, {}, {}};
  Recorded known, asked;
  parted(plan, 5, read_activities, known, asked);
  const Weights weights(plan.data / "weights/limu_bert/limu_bert_motion.safetensors");
  finish(sense, plan, known, asked, false, [&](const at::Tensor& x) { return limu_bert(weights, x); });
  return sense;
}

}  // namespace lateral::bench
