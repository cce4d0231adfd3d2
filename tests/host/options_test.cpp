#include "host/options.hpp"

#include "tests/support/catch.hpp"

using namespace lateral;
using namespace lateral::host;
using Args = std::vector<std::string>;

namespace {

template <typename T>
T parsed(const Args& args) {
  const Options options = parse_options(args);
  REQUIRE(std::holds_alternative<T>(options.command));
  return std::get<T>(options.command);
}

/// The first line of the refusal: the second says where help is.
std::string refusal(const Args& args) {
  try {
    parse_options(args);
  } catch (const UsageError& error) {
    const std::string text = error.what();
    CHECK(text.find("\nsee: lateral ") != std::string::npos);
    return text.substr(0, text.find('\n'));
  }
  FAIL("nothing was thrown");
  return "";
}

}  // namespace

TEST_CASE("an unknown command or option suggests the one that was meant") {
  CHECK(refusal({}) == "lateral: say what to do");
  CHECK(refusal({"demmo"}) == "lateral: unknown command 'demmo'; did you mean 'demo'?");
  CHECK(refusal({"frobnicate"}) ==
        "lateral: unknown command 'frobnicate'; there are demo, run, ask, adapt, eval, plugin, model, data");
  CHECK(refusal({"plugin"}) == "lateral plugin: say what to do with it; there are list, show, check, new");
  CHECK(refusal({"plugin", "lst"}) == "lateral plugin: unknown command 'lst'; did you mean 'list'?");
  CHECK(refusal({"data", "import"}) ==
        "lateral data import: say what to do with it; there are folder, windows, nuscenes, kitti, drivelm");
  CHECK(refusal({"data", "imprt", "kitti"}) ==
        "lateral data: unknown command 'imprt'; did you mean 'import'?");
  CHECK(refusal({"data", "import", "kiti"}) ==
        "lateral data import: unknown command 'kiti'; did you mean 'kitti'?");
  CHECK(refusal({"ask", "--inptu", "x"}) == "lateral ask: unknown option '--inptu'; did you mean '--input'?");
  CHECK(refusal({"demo", "--sed", "1"}) == "lateral demo: unknown option '--sed'; did you mean '--seed'?");
  CHECK(refusal({"ask", "--conf", "a.toml", "q"}).find("unknown option '--conf'") != std::string::npos);
}

TEST_CASE("what is missing or malformed is named") {
  CHECK(refusal({"run"}) == "lateral run: -c FILE is missing");
  CHECK(refusal({"ask", "-c", "a.toml"}) == "lateral ask: the question is missing");
  CHECK(refusal({"ask", "-c", "a.toml", "is", "it"}) ==
        "lateral ask: more than one question; put it in quotes");
  CHECK(refusal({"adapt", "-c", "a.toml", "--data", "d"}) == "lateral adapt: --plugin ID is missing");
  CHECK(refusal({"adapt", "-c", "a", "-p", "x", "-d", "d", "--budget", "long"}) ==
        "lateral adapt: --budget: 'long' is no time such as 60s, 5m, 1h");
  CHECK(refusal({"adapt", "-c", "a", "-p", "x", "-d", "d", "--teacher", "x"}) ==
        "lateral adapt: --teacher: a plugin cannot teach itself");
  CHECK(refusal({"demo", "--seed", "-1"}) ==
        "lateral demo: --seed: '-1' is not a whole number from 0 to 10^18");
  CHECK(refusal({"demo", "--seed"}).starts_with("lateral demo: "));
  CHECK(refusal({"plugin", "check"}) == "lateral plugin check: the plugin's file is missing");
  CHECK(refusal({"plugin", "new", "radar"}) == "lateral plugin new: --lang c|cpp|rust is missing");
  CHECK(refusal({"demo", "extra"}) == "lateral demo: too many arguments");
  CHECK(refusal({"demo", "--out", "a", "--out", "b"}).starts_with("lateral demo: "));
  CHECK(refusal({"demo", "--json=yes"}).starts_with("lateral demo: "));
  for (const char* bad : {"camera", "=a.jpg", "camera=", ".x=a"}) {
    CHECK(refusal({"ask", "-c", "a", "q", "--input", bad}) ==
          "lateral ask: --input: '" + std::string(bad) + "' is not ID[.NAME]=PATH");
  }
}

TEST_CASE("help and version are text, and every command has its own") {
  CHECK(parsed<TextRequested>({"--version"}).text == "lateral 0.1.0\n");
  const std::string all = parsed<TextRequested>({"--help"}).text;
  CHECK(parsed<TextRequested>({"plugin", "--help"}).text == all);
  for (const Args& command : std::vector<Args>{{"demo"},
                                               {"run"},
                                               {"ask"},
                                               {"adapt"},
                                               {"eval"},
                                               {"plugin", "list"},
                                               {"plugin", "show"},
                                               {"model", "show"},
                                               {"data", "check"},
                                               {"data", "import", "folder"},
                                               {"data", "import", "windows"},
                                               {"data", "import", "nuscenes"},
                                               {"data", "import", "kitti"},
                                               {"data", "import", "drivelm"}}) {
    std::string name;
    for (const std::string& word : command) name += (name.empty() ? "" : " ") + word;
    CAPTURE(name);
    CHECK(all.find("  " + name + " ") != std::string::npos);
    Args args = command;
    args.emplace_back("--help");
    const std::string own = parsed<TextRequested>(args).text;
    CHECK(own.starts_with("usage: lateral " + name));
    CHECK(own.find("--json") != std::string::npos);
  }
}

TEST_CASE("json is a plain flag and verbosity counts, before or after other words") {
  const Options options = parse_options(Args{"ask", "-vv", "-c", "a.toml", "--json", "is it night?", "-v"});
  CHECK(options.common.json);
  CHECK(options.common.verbosity == 3);
  CHECK(std::get<AskOptions>(options.command).question == "is it night?");
  CHECK(parse_options(Args{"plugin", "list"}).common.verbosity == 0);
}

TEST_CASE("ask keeps its inputs in the order given, and paths may hold equals signs") {
  const auto ask = parsed<AskOptions>({"ask", "-c", "a.toml", "--set", "run.seed=1", "--set", "run.beams=2",
                                       "--camera", "1.jpg", "--input", "radar.points=a=b.bin", "--lidar",
                                       "2.bin", "--camera", "3.jpg", "what?"});
  CHECK(ask.config.file == "a.toml");
  CHECK(ask.config.overrides == Args{"run.seed=1", "run.beams=2"});
  REQUIRE(ask.inputs.size() == 4);
  CHECK(ask.inputs[0].plugin == "camera");
  CHECK(ask.inputs[1].plugin == "radar");
  CHECK(ask.inputs[1].input == "points");
  CHECK(ask.inputs[1].path == "a=b.bin");
  CHECK(ask.inputs[2].path == "2.bin");
  CHECK(ask.inputs[3].path == "3.jpg");
}

TEST_CASE("a question that begins with a dash follows two dashes") {
  CHECK(parsed<AskOptions>({"ask", "-c", "a", "--", "-v what?"}).question == "-v what?");
}

TEST_CASE("every command's values arrive, and what is absent has its default") {
  CHECK(parsed<DemoOptions>({"demo"}).out == "lateral-demo");
  const auto demo = parsed<DemoOptions>({"demo", "--out=x", "--seed", "7"});
  CHECK(demo.out == "x");
  CHECK(demo.seed == 7);
  CHECK(parsed<RunOptions>({"run", "-c", "a.toml"}).config.file == "a.toml");
  const auto adapt = parsed<AdaptOptions>({"adapt", "-c", "a", "--plugin", "lidar", "--data", "d",
                                           "--teacher", "camera", "--budget", "60s", "--force"});
  CHECK(adapt.plugin == "lidar");
  CHECK(adapt.data == "d");
  CHECK(adapt.teacher == "camera");
  CHECK(adapt.budget_seconds == 60.0);
  CHECK(adapt.force);
  CHECK_FALSE(parsed<AdaptOptions>({"adapt", "-c", "a", "-p", "lidar", "-d", "d"}).budget_seconds);
  CHECK(parsed<EvalOptions>({"eval", "-c", "a", "--data", "d", "--report", "r"}).report == "r");
  CHECK_FALSE(parsed<EvalOptions>({"eval", "-c", "a", "--data", "d"}).report);
  CHECK(parsed<PluginListOptions>({"plugin", "list", "--search", "p"}).search.size() == 1);
  CHECK(parsed<PluginShowOptions>({"plugin", "show", "./x.so"}).plugin == "./x.so");
  const auto check =
      parsed<PluginCheckOptions>({"plugin", "check", "--only", "static", "x.so", "--seed", "7"});
  CHECK(check.file == "x.so");
  CHECK(check.arguments == std::vector<std::string>{"--seed", "7", "--only", "static"});
  const auto made = parsed<PluginNewOptions>({"plugin", "new", "radar", "--lang", "rust"});
  CHECK(made.name == "radar");
  CHECK(made.language == "rust");
  CHECK(made.folder == "radar");
  CHECK(parsed<PluginNewOptions>({"plugin", "new", "radar", "--lang", "c", "--dir", "d"}).folder == "d");
  CHECK(parsed<ModelShowOptions>({"model", "show", "m"}).folder == "m");
  CHECK(parsed<DataCheckOptions>({"data", "check", "d", "--decode"}).decode);
}

TEST_CASE("what an import lacks or cannot understand is named") {
  CHECK(refusal({"data", "import", "kitti", "--root", "r"}) ==
        "lateral data import kitti: --out DIR is missing");
  CHECK(refusal({"data", "import", "kitti", "--out", "o"}) ==
        "lateral data import kitti: --root DIR is missing");
  CHECK(refusal({"data", "import", "folder", "--root", "r", "--out", "o"}) ==
        "lateral data import folder: --files INPUT=PATTERN is missing");
  CHECK(refusal({"data", "import", "folder", "--files", "*.wav"}) ==
        "lateral data import folder: --files: '*.wav' is not INPUT=PATTERN");
  const Args frames{"data", "import", "nuscenes", "--root", "r", "--out", "o"};
  const auto with = [&](const std::string& option, const std::string& value) {
    Args args = frames;
    args.insert(args.end(), {option, value});
    return refusal(args);
  };
  CHECK(with("--condition", "fog").ends_with("--condition: 'fog' is not day, night, clear or rain"));
  CHECK(with("--split-by", "day").ends_with("--split-by: 'day' is not published, scene or moment"));
  CHECK(with("--test-share", "1.5").ends_with("--test-share: '1.5' is no share from 0 to 1"));
  CHECK(with("--only", "radar").ends_with("--only: 'radar' is not camera or lidar"));
  CHECK(with("--seed", "-1").ends_with("--seed: '-1' is not a whole number from 0 to 10^18"));
  CHECK(refusal({"data", "import", "drivelm", "--questions", "q", "--kind", "all"}).find("--kind: 'all'") !=
        std::string::npos);
  CHECK(refusal({"data", "import", "drivelm", "--questions", "q", "--out", "o", "--split-by", "published"})
            .ends_with("--split-by: 'published' is not scene or moment"));
}

TEST_CASE("a split option that another one would leave without effect is refused") {
  const auto refused = [](const std::string& format, const Args& more) {
    Args args{"data", "import", format, "--root", "r", "--out", "o"};
    args.insert(args.end(), more.begin(), more.end());
    return refusal(args);
  };
  CHECK(refused("kitti", {"--split", "test", "--test", "000001"})
            .ends_with("--split puts everything in one split; leave out --test"));
  CHECK(refused("kitti", {"--split", "test", "--val-share", "0.1"}).ends_with("leave out --val-share"));
  CHECK(refused("nuscenes", {"--test", "a", "--val-share", "0.1"})
            .ends_with("--val-share is for where no group is named; leave out it or --test"));
  CHECK(refused("nuscenes", {"--questions", "q", "--split-by", "published", "--test-share", "0.5"})
            .ends_with("--split-by published leaves --test-share without effect; leave out one of them"));
  CHECK(refused("nuscenes", {"--split-by", "published"}).find("--questions FILE") != std::string::npos);
  CHECK(refused("folder", {"--files", "a={split}/{answer}.wav", "--test-share", "0.5"})
            .ends_with("every path says its {split}; leave out --test-share"));
  CHECK(refused("windows", {"--files", "a={split}/*.csv", "--columns", "x", "--rows", "1", "--val", "g"})
            .ends_with("every path says its {split}; leave out --val"));
}

TEST_CASE("the values of imports arrive") {
  const auto folder = parsed<DataImportOptions>({"data",       "import",   "folder",
                                                 "--root",     "r",        "--out",
                                                 "o",          "--files",  "sound={answer}/*.wav",
                                                 "--question", "which?",   "--answers",
                                                 "a.json",     "--test",   "anna",
                                                 "--test",     "bert",     "--train-limit",
                                                 "500",        "--replace"});
  CHECK(folder.out == "o");
  CHECK(folder.answers == "a.json");
  CHECK(folder.replace);
  const auto& files = std::get<dataset::FolderImport>(folder.import);
  CHECK(files.root == "r");
  CHECK(files.files.at(0) == std::pair<std::string, std::string>{"sound", "{answer}/*.wav"});
  CHECK(files.labelling.question == "which?");
  CHECK(files.labelling.split.test == Args{"anna", "bert"});
  CHECK(files.labelling.train_limit == 500);

  const auto windows = std::get<dataset::WindowsImport>(
      parsed<DataImportOptions>({"data", "import", "windows", "--root", "r", "--out", "o", "--files",
                                 "imu=*.csv", "--columns", "x,y", "--rows", "40", "--label", "word"})
          .import);
  CHECK(windows.input == "imu");
  CHECK(windows.pattern == "*.csv");
  CHECK(windows.columns == Args{"x", "y"});
  CHECK(windows.rows == 40);
  CHECK(windows.hop == 40);
  CHECK(windows.out == "o");

  const Args base{"data", "import", "nuscenes", "--root", "r", "--out", "o"};
  const auto nuscenes = [&](const Args& more) {
    Args args = base;
    args.insert(args.end(), more.begin(), more.end());
    return std::get<dataset::NuScenesImport>(parsed<DataImportOptions>(args).import);
  };
  CHECK_FALSE(nuscenes({}).published_split);
  CHECK(nuscenes({"--questions", "q.json"}).published_split);
  CHECK_FALSE(nuscenes({"--questions", "q.json", "--split", "test"}).published_split);
  CHECK_FALSE(nuscenes({"--questions", "q.json", "--test-share", "0.5"}).published_split);
  CHECK(nuscenes({"--split-by", "moment"}).frames.split_by == dataset::SplitBy::Moment);
  CHECK(nuscenes({"--views", "CAM_FRONT,CAM_BACK"}).views == Args{"CAM_FRONT", "CAM_BACK"});
  CHECK(nuscenes({"--condition", "night"}).condition == dataset::Condition::Night);
  CHECK(nuscenes({"--only", "lidar", "--lidar", "rangeview"}).frames.senses.lidar == "rangeview");
  CHECK(nuscenes({"--only", "lidar"}).frames.senses.camera.empty());
  CHECK(nuscenes({"--night-pictures"}).frames.night_pictures);

  const auto drivelm = std::get<dataset::DriveLmImport>(
      parsed<DataImportOptions>({"data", "import", "drivelm", "--root", "r", "--out", "o", "--questions",
                                 "qa.json", "--kind", "planning", "--max-words", "2"})
          .import);
  CHECK(drivelm.kinds == std::set<std::string>{"planning"});
  CHECK(drivelm.max_words == 2);
  CHECK(drivelm.frames.split_by == dataset::SplitBy::Scene);
  const auto by_moment = std::get<dataset::DriveLmImport>(
      parsed<DataImportOptions>({"data", "import", "drivelm", "--root", "r", "--out", "o", "--questions",
                                 "qa.json", "--split-by", "moment"})
          .import);
  CHECK(by_moment.frames.split_by == dataset::SplitBy::Moment);

  const auto kitti = [](const Args& more) {
    Args args{"data", "import", "kitti", "--root", "r", "--out", "o"};
    args.insert(args.end(), more.begin(), more.end());
    return std::get<dataset::KittiImport>(parsed<DataImportOptions>(args).import);
  };
  CHECK(kitti({"--seed", "7"}).seed == 7);
  CHECK(kitti({"--seed", "7"}).published_split);
  CHECK_FALSE(kitti({"--split", "test"}).published_split);
  CHECK_FALSE(kitti({"--test-share", "0.5"}).published_split);
}
