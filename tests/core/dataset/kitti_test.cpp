#include "core/dataset/kitti.hpp"

#include "core/base/file.hpp"
#include "core/format/sample_set.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"
#include "tests/support/hostile.hpp"

using namespace lateral;
using namespace lateral::dataset;
using test::thrown_by;

namespace {

const std::string kNumbers = " 0.00 0 -0.20 712.40 143.00 810.73 307.92 1.89 0.48 1.20 1.84 1.47 8.41 0.01";

struct Frames : test::TemporaryFolder {
  explicit Frames(const std::vector<std::string>& names) {
    for (const char* part : {"image_2", "velodyne", "label_2", "ImageSets"})
      std::filesystem::create_directories(*this / "training" / part);
    for (const std::string& name : names) {
      test::write_file(*this / "training/image_2" / (name + ".png"), name);
      test::write_file(*this / "training/velodyne" / (name + ".bin"), name);
      test::write_file(*this / "training/label_2" / (name + ".txt"),
                       "Car" + kNumbers + "\nCar" + kNumbers + "\n");
    }
  }
};

KittiImport of(const std::filesystem::path& root) {
  KittiImport import;
  import.root = root;
  import.frames.split.all = "train";
  return import;
}

}  // namespace

TEST_CASE("label lines that are none are refused, naming file and line") {
  const auto refusal = [](const std::string& text) {
    const auto thrown = thrown_by([&] { parse_kitti_labels(text, "7.txt"); });
    CHECK(thrown.code == Errc::Corrupt);
    return thrown.message;
  };
  CHECK(refusal("Car" + kNumbers + "\nCar 1 2\n").find("7.txt:2: 2 numbers behind the class") !=
        std::string::npos);
  CHECK(refusal("Car" + kNumbers + " 0.9 1").find("16 numbers") != std::string::npos);
  CHECK(refusal("Car 0.00 zero").find("'zero' is no number") != std::string::npos);
  CHECK(refusal("Car nan" + kNumbers).find("'nan' is no number") != std::string::npos);
  CHECK(refusal("17" + kNumbers).find("no class") != std::string::npos);
  CHECK(refusal(std::string(33, 'C') + kNumbers).find("no class") != std::string::npos);
  CHECK_NOTHROW(parse_kitti_labels(std::string(32, 'C') + kNumbers, "7.txt"));
  std::string many;
  for (int i = 0; i < 10'001; ++i) many += "Car" + kNumbers + "\n";
  CHECK(thrown_by([&] { parse_kitti_labels(many, "7.txt"); }).code == Errc::ResourceExhausted);
  test::check_flips(test::to_bytes("Car" + kNumbers + "\r\nDontCare" + kNumbers + " 0.5\n"), [](auto bytes) {
    parse_kitti_labels({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, "x");
  });
}

TEST_CASE("objects are counted in words; what is no class is not") {
  const std::string text = "Car" + kNumbers + "\n\nPerson_sitting" + kNumbers + "\r\nCar" + kNumbers +
                           " 0.9\nDontCare" + kNumbers + "\nMisc" + kNumbers;
  CHECK(parse_kitti_labels(text, "x") ==
        std::map<std::string, std::int64_t>{{"car", 2}, {"sitting person", 1}});
  CHECK(parse_kitti_labels("", "x").empty());
}

TEST_CASE("questions ask as often about what is absent as about what is there") {
  const auto questions = kitti_questions({{"car", 2}, {"sitting person", 1}}, Random(1));
  std::map<std::string, int> answers;
  for (const auto& question : questions) {
    if (question.type == "existence") ++answers[question.answer];
    if (question.question == "how many cars are there?") CHECK(question.answer == "2");
    if (question.question == "how many sitting people are there?") CHECK(question.answer == "1");
  }
  CHECK(answers == std::map<std::string, int>{{"no", 2}, {"yes", 2}});
  CHECK(questions.size() == 7);
  const auto empty = kitti_questions({}, Random(1));
  REQUIRE(empty.size() == 2);
  CHECK(empty[0].answer == "no");
  CHECK(empty[1].answer == "0");
}

TEST_CASE("frames are pairs; one that lacks a sensor is left out") {
  const Frames frames({"000001", "000002"});
  std::filesystem::remove(frames / "training/velodyne/000002.bin");
  Collection collection;
  import_kitti(of(frames.path()), collection, {});
  const auto report = collection.write(frames / "out", false);
  CHECK(report.moments == 1);
  CHECK(report.questions == 4);
  CHECK(report.left_out.at("frames without one of the sensors").example == "000002");
  CHECK(format::check_samples(frames / "out").problems.empty());
  CHECK(thrown_by([&] { import_kitti(of(frames / "out"), collection, {}); }).code == Errc::NotFound);
}

TEST_CASE("a frame whose picture is no file costs its questions alone") {
  const Frames frames({"000001", "000002"});
  std::filesystem::remove(frames / "training/image_2/000002.png");
  std::filesystem::create_directories(frames / "training/image_2/000002.png");
  Collection collection;
  import_kitti(of(frames.path()), collection, {});
  const auto report = collection.write(frames / "out", false);
  CHECK(report.moments == 1);
  CHECK(report.left_out.at("keyframes with a missing file").count == 1);
}

TEST_CASE("the published lists are the split where they are there") {
  const Frames frames({"000001", "000002", "000003"});
  test::write_file(frames / "training/ImageSets/train.txt", "000001\n");
  test::write_file(frames / "training/ImageSets/val.txt", "000002\r\n");
  Collection collection;
  import_kitti(of(frames.path()), collection, {});
  CHECK(collection.moments().at(0).split == "train");
  CHECK(collection.moments().at(1).split == "test");
  CHECK(collection.moments().size() == 2);
  test::write_file(frames / "training/ImageSets/val.txt", "000001\n");
  Collection again;
  CHECK(thrown_by([&] { import_kitti(of(frames.path()), again, {}); }).mentions("has its split already"));
}

TEST_CASE("the published lists can be left alone, and then leave out no frame") {
  const Frames frames({"000001", "000002", "000003"});
  test::write_file(frames / "training/ImageSets/train.txt", "000001\n");
  test::write_file(frames / "training/ImageSets/val.txt", "000002\n");
  KittiImport import = of(frames.path());
  import.published_split = false;
  Collection collection;
  import_kitti(import, collection, {});
  REQUIRE(collection.moments().size() == 3);
  for (const Moment& moment : collection.moments()) CHECK(moment.split == "train");
}

TEST_CASE("a real frame has a pedestrian, and its files can be read") {
  const auto root = test::real_data("kitti_frames/object");
  if (!root) return;
  const test::TemporaryFolder out;
  Collection collection;
  import_kitti(of(*root), collection, {});
  CHECK(collection.write(out.path(), false).moments == 1);
  const std::string text = read_text(out / "samples.jsonl", 1U << 20U);
  CHECK(text.find(R"("is there a pedestrian?","answer":"yes")") != text.npos);
  CHECK(text.find(R"("how many pedestrians are there?","answer":"1")") != text.npos);
  CHECK(format::check_samples(out.path(), format::FileCheck::Decodes).problems.empty());
}
