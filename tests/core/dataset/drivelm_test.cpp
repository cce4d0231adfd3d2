#include "core/dataset/drivelm.hpp"

#include "core/base/file.hpp"
#include "core/format/sample_set.hpp"
#include "tests/core/dataset/nuscenes_world.hpp"
#include "tests/support/errors.hpp"

using namespace lateral;
using namespace lateral::dataset;
using test::thrown_by;

namespace {

/// Two scenes of one keyframe and one view each: 0 of car n015, 1 of car n008.
struct World : test::TemporaryFolder {
  World() {
    std::filesystem::create_directories(*this / "samples");
    test::write_file(*this / "samples/n015-1.jpg", "a");
    test::write_file(*this / "samples/n008-1.jpg", "b");
    write("samples/n015-1.jpg", "../nuscenes/samples/n008-1.jpg");
  }
  void write(const std::string& first, const std::string& second) const {
    test::write_file(*this / "qa.json",
                     R"({"scene0": )" + scene("k0", first) + R"(, "scene1": )" + scene("k1", second) + "}");
  }
  static std::string scene(const std::string& token, const std::string& file) {
    return R"({"scene_description": "d", "key_frames": {")" + token + R"(": {
      "key_object_infos": {"<c1,CAM_BACK_LEFT,10.5,20.0>": {"Visual_description": "Brown SUV."}},
      "QA": {"perception": [{"Q": "Is <c1,CAM_BACK_LEFT,10.5,20.0> near?", "A": "Yes."},
                            {"Q": "Is <c2,CAM_BACK,1.0,2.0> near?", "A": "No."},
                            {"Q": "What is there?", "A": "There are many barriers to the right."}],
             "planning": [{"Q": "What first?", "A": "<c1,CAM_BACK_LEFT,10.5,20.0>."},
                          {"Q": "What now?", "A": "Keep going."}]},
      "image_paths": {"CAM_FRONT": ")" +
           file + R"("}}}})";
  }
  DriveLmImport import() const {
    DriveLmImport made;
    made.root = path();
    made.questions = *this / "qa.json";
    made.views = {"CAM_FRONT"};
    made.frames.split.all = "train";
    return made;
  }
};

Collection imported(const DriveLmImport& import) {
  Collection collection;
  import_drivelm(import, collection, {});
  return collection;
}

}  // namespace

TEST_CASE("answers are short, without full stop or objects, and begin small") {
  CHECK(short_answer("Yes.", 4) == "yes");
  CHECK(short_answer(" Keep going at speed. \n", 4) == "keep going at speed");
  CHECK(short_answer("Keep going at the speed.", 4).empty());
  CHECK(short_answer("<c1,CAM_BACK,1.0,2.0>.", 4).empty());
  CHECK(short_answer("B", 4) == "B");
  CHECK(short_answer("SUV.", 4) == "SUV");
  CHECK(short_answer("...", 4).empty());
  CHECK(short_answer("", 4).empty());
}

TEST_CASE("objects become words, and what has none is left out") {
  const World world;
  const auto report = imported(world.import()).write(world / "out", false);
  CHECK(report.questions_by_type == std::map<std::string, std::int64_t>{{"perception", 2}, {"planning", 2}});
  CHECK(report.left_out.at("questions about objects without words").count == 2);
  CHECK(report.left_out.at("questions with long answers").count == 4);
  const auto set = format::read_samples(world / "out");
  CHECK(set.samples[0].question == "Is the brown SUV in the back left camera near?");
  CHECK(set.samples[0].answer == "yes");
}

TEST_CASE("a mark that is not closed, and an object of one part, are objects without words") {
  const World world;
  std::string text = read_text(world / "qa.json", 1U << 16U);
  const auto replace = [&](const std::string& from, const std::string& to) {
    for (std::size_t at = 0; (at = text.find(from, at)) != text.npos; at += to.size())
      text.replace(at, from.size(), to);
  };
  replace("<c1,CAM_BACK_LEFT,10.5,20.0>\": {", "<c1,CAM_BACK,1.0,2.0 near?\": {");
  replace("<c1,CAM_BACK_LEFT,10.5,20.0> near?", "<c1,CAM_BACK,1.0,2.0 near?");
  test::write_file(world / "qa.json", text);
  CHECK(imported(world.import())
            .write(world / "open", false)
            .left_out.at("questions about objects without words")
            .count == 4);
  replace("<c1,CAM_BACK,1.0,2.0 near?", "<c1,CAM_BACK>");
  test::write_file(world / "qa.json", text);
  CHECK(imported(world.import())
            .write(world / "one", false)
            .left_out.at("questions about objects without words")
            .count == 4);
}

TEST_CASE("a keyframe without its picture costs its questions alone") {
  const World world;
  std::filesystem::remove(world / "samples/n015-1.jpg");
  const auto report = imported(world.import()).write(world / "out", false);
  CHECK(report.moments == 1);
  CHECK(report.questions == 2);
  CHECK(report.left_out.at("keyframes with a missing file").count == 1);
}

TEST_CASE("one kind can be asked for") {
  const World world;
  auto import = world.import();
  import.kinds = {"planning"};
  import.max_words = 1;
  CHECK(imported(import).write(world / "out", false).questions == 0);
  import.max_words = 2;
  CHECK(imported(import).write(world / "planning", false).questions == 2);
}

TEST_CASE("the weather is what the tables say; without tables the public sample's cars tell") {
  const World world;
  auto import = world.import();
  import.condition = Condition::Rain;
  CHECK(imported(import).moments().at(0).id == "k1");
  import.condition = Condition::Clear;
  CHECK(imported(import).moments().at(0).id == "k0");
  const test::NuScenesWorld nuscenes;  // scene1 is a rainy night there
  import.tables = nuscenes.tables();
  CHECK(imported(import).moments().size() == 1);
  nuscenes.write_table("scene", {test::NuScenesWorld::scene(1, "Sunny")});
  CHECK(imported(import).moments().at(0).id == "k1");
  import.tables.clear();
  std::filesystem::rename(world / "samples/n015-1.jpg", world / "samples/n003-1.jpg");
  world.write("samples/n003-1.jpg", "samples/n008-1.jpg");
  CHECK(thrown_by([&] { imported(import); }).mentions("--tables"));
}

TEST_CASE("paths that leave the folder and files of another form are refused") {
  const World world;
  for (const char* path : {"/etc/passwd", "../nuscenes/../x.jpg", "../x.jpg"}) {
    world.write(path, "samples/n008-1.jpg");
    CHECK(thrown_by([&] {
            imported(world.import());
          }).mentions("$.scene0.key_frames.k0.image_paths.CAM_FRONT"));
  }
  for (const char* text : {"[]", "{\"s\": 1}", "{\"s\": {\"key_frames\": {\"k\": {}}}}",
                           "{\"s s\": {\"key_frames\": {}}}", "{"}) {
    CAPTURE(text);
    test::write_file(world / "qa.json", text);
    CHECK(thrown_by([&] { imported(world.import()); }).code == Errc::Corrupt);
  }
}

TEST_CASE("the real sample has three clear and three rainy keyframes with usable answers") {
  const auto root = test::real_data("nuscenes_frames/drivelm");
  if (!root) return;
  for (const Condition condition : {Condition::Clear, Condition::Rain}) {
    const test::TemporaryFolder out;
    DriveLmImport import;
    import.root = *root;
    import.questions = *root / "qa.json";
    import.condition = condition;
    import.frames.split_by = SplitBy::Moment;
    const auto report = imported(import).write(out.path(), false);
    CHECK(report.moments == 3);
    CHECK(report.questions > 50);
    CHECK(format::check_samples(out.path(), format::FileCheck::Decodes).problems.empty());
    const std::string text = read_text(out / "samples.jsonl", 1U << 20U);
    CHECK((text.find("n008-") != text.npos) == (condition == Condition::Rain));
  }
}
