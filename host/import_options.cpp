// The command lines of `lateral data import`.

#include <algorithm>
#include <initializer_list>
#include <set>
#include <tuple>

#include "host/option_spec.hpp"

namespace lateral::host::option_spec {
namespace {

using dataset::FrameImport;

auto* text_value(const char* name) {
  return po::value<std::string>()->value_name(name);
}

auto* list_value(const char* name) {
  return po::value<Texts>()->value_name(name);
}

void describe_places(po::options_description& options) {
  options.add_options()("root", text_value("DIR"), "the folder of the data")(
      "out,o", text_value("DIR"), "folder for samples.jsonl")("replace",
                                                              "a samples.jsonl that is there already");
}

void describe_split(po::options_description& options) {
  options.add_options()("split", text_value("SPLIT"), "put everything in train, val or test")(
      "val", list_value("GROUP"), "put this group in val; may be repeated")(
      "test", list_value("GROUP"), "put this group in test; may be repeated")(
      "val-share", text_value("SHARE"), "where no group is named: share of the groups in val [0]")(
      "test-share", text_value("SHARE"), "and in test [0.3]")("seed", text_value("N"),
                                                              "of what is drawn [1]");
}

void describe_frames(po::options_description& options) {
  options.add_options()("camera", text_value("NAME"), "what the pictures are called [camera]")(
      "lidar", text_value("NAME"), "what the sweeps are called [lidar]")(
      "only", text_value("SENSE"), "camera or lidar: leave the other out")(
      "night-pictures", "write a night of each picture (darker by 80 %, blurred), and name it instead");
}

void describe_views(po::options_description& options) {
  options.add_options()("views", text_value("CAM,CAM,..."),
                        "camera channels in order [clockwise from CAM_FRONT]")(
      "condition", text_value("WORD"), "only scenes of day, night, clear or rain");
}

/// The option of these that was given, as it is written; "" where none was.
std::string first_given(const po::variables_map& values, std::initializer_list<const char*> options) {
  for (const char* const option : options) {
    if (values.count(option) != 0) return std::string("--") + option;
  }
  return {};
}

std::string split_option(const po::variables_map& values) {
  return first_given(values, {"split", "val", "test", "val-share", "test-share"});
}

/// An option that another one leaves without effect is a mistake.
void refuse_ignored_splits(const Spec& spec, const po::variables_map& values) {
  const std::string named = first_given(values, {"val", "test"});
  const std::string share = first_given(values, {"val-share", "test-share"});
  if (values.count("split") != 0 && !(named + share).empty()) {
    throw UsageError(spec.name,
                     "--split puts everything in one split; leave out " + (named.empty() ? share : named));
  }
  if (!named.empty() && !share.empty())
    throw UsageError(spec.name, share + " is for where no group is named; leave out it or " + named);
}

dataset::SplitRule split_of(const Spec& spec, const po::variables_map& values) {
  refuse_ignored_splits(spec, values);
  dataset::SplitRule rule;
  rule.all = text_of(values, "split");
  rule.val = texts_of(values, "val");
  rule.test = texts_of(values, "test");
  rule.val_share = share_of(spec, values, "val-share", rule.val_share);
  rule.test_share = share_of(spec, values, "test-share", rule.test_share);
  rule.seed = number_of(spec, values, "seed", rule.seed);
  return rule;
}

Texts parts_of(const std::string& list) {
  Texts parts;
  for (std::size_t at = 0; at <= list.size();) {
    const std::size_t end = std::min(list.find(',', at), list.size());
    if (end > at) parts.push_back(list.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

template <typename Import>
void read_views(const Spec& spec, const po::variables_map& values, Import& import) {
  if (values.count("views") != 0)
    import.views = parts_of(needed(spec, values, "views", "the list after --views"));
  if (values.count("condition") == 0) return;
  const std::string word = text_of(values, "condition");
  const auto condition = dataset::condition_named(word);
  if (!condition) throw UsageError(spec.name, "--condition: '" + word + "' is not day, night, clear or rain");
  import.condition = *condition;
}

FrameImport frames_of(const Spec& spec, const po::variables_map& values) {
  FrameImport frames;
  frames.split = split_of(spec, values);
  frames.out = needed(spec, values, "out", "--out DIR");
  frames.night_pictures = values.count("night-pictures") != 0;
  if (values.count("camera") != 0)
    frames.senses.camera = needed(spec, values, "camera", "the name after --camera");
  if (values.count("lidar") != 0)
    frames.senses.lidar = needed(spec, values, "lidar", "the name after --lidar");
  if (values.count("only") == 0) return frames;
  const std::string only = text_of(values, "only");
  if (only != "camera" && only != "lidar")
    throw UsageError(spec.name, "--only: '" + only + "' is not camera or lidar");
  (only == "camera" ? frames.senses.lidar : frames.senses.camera).clear();
  return frames;
}

/// --split-by, one of the words `known`.
std::string split_by_of(const Spec& spec, const po::variables_map& values, const std::string& fallback,
                        std::initializer_list<const char*> known) {
  if (values.count("split-by") == 0) return fallback;
  const std::string rule = text_of(values, "split-by");
  std::string words;
  for (const char* const* word = known.begin(); word != known.end(); ++word) {
    if (rule == *word) return rule;
    words += (word == known.begin() ? "" : word + 1 == known.end() ? " or " : ", ") + std::string(*word);
  }
  throw UsageError(spec.name, "--split-by: '" + rule + "' is not " + words);
}

template <typename Import>
Command command_of(const Spec& spec, const po::variables_map& values, Import import) {
  DataImportOptions options;
  options.out = needed(spec, values, "out", "--out DIR");
  options.replace = values.count("replace") != 0;
  options.answers = text_of(values, "answers");
  import.root = needed(spec, values, "root", "--root DIR");
  options.import = std::move(import);
  return options;
}

std::pair<std::string, std::string> input_and_pattern(const Spec& spec, const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == text.npos || equals == 0 || equals + 1 == text.size())
    throw UsageError(spec.name, "--files: '" + text + "' is not INPUT=PATTERN");
  return {text.substr(0, equals), text.substr(equals + 1)};
}

void describe_labels(po::options_description& options) {
  options.add_options()("question", text_value("TEXT"), "asked about everything that has a label")(
      "type", text_value("WORD"), "the type of this question")(
      "answers", text_value("FILE"), "JSON object {label: answer}; other labels are left out [the labels]")(
      "train-limit", text_value("N"), "at most so many examples in train, drawn by the seed [all]");
}

dataset::Labelling labelling_of(const Spec& spec, const po::variables_map& values, const Texts& patterns) {
  const auto says_split = [](const std::string& pattern) { return pattern.find("{split}") != pattern.npos; };
  if (const std::string option = split_option(values);
      !option.empty() && std::all_of(patterns.begin(), patterns.end(), says_split))
    throw UsageError(spec.name, "every path says its {split}; leave out " + option);
  dataset::Labelling labelling;
  labelling.question = text_of(values, "question");
  labelling.type = text_of(values, "type");
  labelling.split = split_of(spec, values);
  labelling.train_limit = static_cast<std::int64_t>(number_of(spec, values, "train-limit", 0));
  return labelling;
}

Spec folder_spec() {
  Spec spec{"data import folder",
            "--root DIR --out DIR --files INPUT=PATTERN [...] [--question TEXT]",
            "recordings whose paths say what they are",
            {},
            {},
            {}};
  spec.describe = [](po::options_description& options) {
    describe_places(options);
    options.add_options()(
        "files", list_value("INPUT=PATTERN"),
        "files of an input, e.g. 'sound={answer}/{group}_*.wav'; names: id, answer, group, split");
    describe_labels(options);
    describe_split(options);
  };
  spec.build = [spec](const po::variables_map& values, const po::parsed_options&) {
    dataset::FolderImport import;
    Texts patterns;
    for (const std::string& text : texts_of(values, "files"))
      patterns.push_back(import.files.emplace_back(input_and_pattern(spec, text)).second);
    if (import.files.empty()) throw UsageError(spec.name, "--files INPUT=PATTERN is missing");
    import.labelling = labelling_of(spec, values, patterns);
    return command_of(spec, values, std::move(import));
  };
  return spec;
}

Spec windows_spec() {
  Spec spec{"data import windows",
            "--root DIR --out DIR --files INPUT=PATTERN --columns A,B,... --rows N [--label COLUMN]",
            "long CSV recordings, cut into windows",
            {},
            {},
            {}};
  spec.describe = [](po::options_description& options) {
    describe_places(options);
    options.add_options()("files", text_value("INPUT=PATTERN"), "the CSV files, e.g. 'imu=*/{group}_*.csv'")(
        "columns", text_value("A,B,..."),
        "columns of numbers that are kept, in this order; NAME:elapsed: less the window's first")(
        "label", text_value("COLUMN"), "a column of words that labels each row")(
        "rows", text_value("N"), "rows of a window")("hop", text_value("N"),
                                                     "rows from one to the next [rows]")(
        "majority", text_value("SHARE"), "a window's label is that of at least this share of its rows [0.7]");
    describe_labels(options);
    describe_split(options);
  };
  spec.build = [spec](const po::variables_map& values, const po::parsed_options&) {
    dataset::WindowsImport import;
    std::tie(import.input, import.pattern) =
        input_and_pattern(spec, needed(spec, values, "files", "--files INPUT=PATTERN"));
    import.columns = parts_of(needed(spec, values, "columns", "--columns A,B,..."));
    import.label_column = text_of(values, "label");
    needed(spec, values, "rows", "--rows N");
    import.rows = static_cast<std::int64_t>(number_of(spec, values, "rows", 0));
    import.hop =
        static_cast<std::int64_t>(number_of(spec, values, "hop", static_cast<std::uint64_t>(import.rows)));
    import.majority = share_of(spec, values, "majority", import.majority);
    import.labelling = labelling_of(spec, values, {import.pattern});
    import.out = needed(spec, values, "out", "--out DIR");
    return command_of(spec, values, std::move(import));
  };
  return spec;
}

Spec nuscenes_spec() {
  Spec spec{"data import nuscenes",
            "--root DIR --out DIR [--questions FILE ...] [--condition day|night]",
            "nuScenes keyframes, NuScenes-QA questions",
            {},
            {},
            {}};
  spec.describe = [](po::options_description& options) {
    describe_places(options);
    options.add_options()("questions", list_value("FILE"),
                          "NuScenes_train_questions.json and so on; may be repeated")(
        "version", text_value("NAME"), "v1.0-mini, v1.0-trainval [the one that is there]")(
        "split-by", text_value("RULE"),
        "published (train, and val as test), scene or moment [published with questions, scene without]");
    describe_views(options);
    describe_frames(options);
    describe_split(options);
  };
  spec.build = [spec](const po::variables_map& values, const po::parsed_options&) {
    dataset::NuScenesImport import;
    import.questions = paths_of(values, "questions");
    import.version = text_of(values, "version");
    read_views(spec, values, import);
    import.frames = frames_of(spec, values);
    const std::string own = split_option(values);
    const std::string rule =
        split_by_of(spec, values, import.questions.empty() || !own.empty() ? "scene" : "published",
                    {"published", "scene", "moment"});
    import.published_split = rule == "published";
    if (import.published_split && !own.empty())
      throw UsageError(spec.name,
                       "--split-by published leaves " + own + " without effect; leave out one of them");
    if (import.published_split && import.questions.empty())
      throw UsageError(spec.name,
                       "--split-by published needs the questions, which say the split: --questions FILE");
    if (rule == "moment") import.frames.split_by = dataset::SplitBy::Moment;
    return command_of(spec, values, std::move(import));
  };
  return spec;
}

Spec kitti_spec() {
  Spec spec{"data import kitti",
            "--root DIR --out DIR",
            "KITTI object frames, questions made of labels",
            {},
            {},
            {}};
  spec.describe = [](po::options_description& options) {
    describe_places(options);
    describe_frames(options);
    describe_split(options);
  };
  spec.build = [spec](const po::variables_map& values, const po::parsed_options&) {
    dataset::KittiImport import;
    import.frames = frames_of(spec, values);
    import.published_split = split_option(values).empty();
    import.seed = import.frames.split.seed;
    return command_of(spec, values, std::move(import));
  };
  return spec;
}

Spec drivelm_spec() {
  Spec spec{"data import drivelm",
            "--root DIR --questions FILE --out DIR [--condition clear|rain]",
            "DriveLM questions about nuScenes pictures",
            {},
            {},
            {}};
  spec.describe = [](po::options_description& options) {
    describe_places(options);
    options.add_options()("questions", text_value("FILE"), "qa.json of DriveLM")(
        "tables", text_value("DIR"), "nuScenes tables (v1.0-...), which know the weather")(
        "kind", list_value("WORD"), "perception, prediction, planning, behavior; may be repeated [all]")(
        "max-words", text_value("N"), "longer answers are left out [4]")("split-by", text_value("RULE"),
                                                                         "scene or moment [scene]");
    describe_views(options);
    describe_frames(options);
    describe_split(options);
  };
  spec.build = [spec](const po::variables_map& values, const po::parsed_options&) {
    dataset::DriveLmImport import;
    import.questions = needed(spec, values, "questions", "--questions FILE");
    import.tables = text_of(values, "tables");
    import.max_words =
        static_cast<int>(std::min<std::uint64_t>(1000, number_of(spec, values, "max-words", 4)));
    const std::set<std::string> known = import.kinds;
    if (values.count("kind") != 0) import.kinds.clear();
    for (const std::string& kind : texts_of(values, "kind")) {
      if (!known.contains(kind))
        throw UsageError(spec.name,
                         "--kind: '" + kind + "' is not perception, prediction, planning or behavior");
      import.kinds.insert(kind);
    }
    read_views(spec, values, import);
    import.frames = frames_of(spec, values);
    if (split_by_of(spec, values, "scene", {"scene", "moment"}) == "moment")
      import.frames.split_by = dataset::SplitBy::Moment;
    return command_of(spec, values, std::move(import));
  };
  return spec;
}

}  // namespace

std::vector<Spec> import_specs() {
  return {folder_spec(), windows_spec(), nuscenes_spec(), kitti_spec(), drivelm_spec()};
}

}  // namespace lateral::host::option_spec
