#include "core/dataset/windows.hpp"

#include "core/base/file.hpp"
#include "core/format/npy.hpp"
#include "core/format/sample_set.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"

using namespace lateral;
using namespace lateral::dataset;
using test::thrown_by;

namespace {

struct Recordings : test::TemporaryFolder {
  Recordings() {
    std::filesystem::create_directories(*this / "in/s1");
    std::string rows = "x,label,y\n";
    for (int i = 0; i < 10; ++i)
      rows += std::to_string(i) + (i < 5 ? ",WALKING," : ",STANDING_UP,") + std::to_string(10 * i) + "\n";
    test::write_file(*this / "in/s1/a.csv", rows);
    test::write_file(*this / "in/info.csv", "subject\ns1\n");
  }
  WindowsImport import() const {
    return {.root = *this / "in",
            .pattern = "{group}/*.csv",
            .input = "imu",
            .columns = {"y", "x"},
            .label_column = "label",
            .rows = 4,
            .hop = 2,
            .out = *this / "out",
            .labelling = {.question = "what is done?", .type = "", .answers = {}, .split = {.all = "train"}}};
  }
  /// One column `x` instead, as it is written, in rows that walk.
  WindowsImport import_of(const std::vector<std::string>& column) const {
    std::string rows = "x,label\n";
    for (const std::string& value : column) rows += value + ",WALKING\n";
    test::write_file(*this / "in/s1/a.csv", rows);
    auto made = import();
    made.columns = {"x"};
    return made;
  }
  /// `walking` rows that walk, then `others` with the other label.
  WindowsImport import_labelled(int walking, int others, const std::string& other) const {
    std::string rows = "x,label,y\n";
    for (int i = 0; i < walking + others; ++i) rows += "0," + (i < walking ? "WALKING" : other) + ",0\n";
    test::write_file(*this / "in/s1/a.csv", rows);
    return import();
  }
};

Collection imported(const WindowsImport& import) {
  Collection collection;
  import_windows(import, collection, {});
  return collection;
}

}  // namespace

TEST_CASE("windows that cannot be are refused") {
  const Recordings recordings;
  const auto refusal = [&](const auto& change) {
    auto import = recordings.import();
    change(import);
    Collection collection;
    return thrown_by([&] { import_windows(import, collection, {}); });
  };
  CHECK(refusal([](auto& import) { import.rows = 0; }).code == Errc::InvalidArgument);
  CHECK(refusal([](auto& import) { import.hop = 0; }).code == Errc::InvalidArgument);
  CHECK(refusal([](auto& import) { import.majority = 0; }).code == Errc::InvalidArgument);
  CHECK(refusal([](auto& import) { import.majority = 1.1; }).code == Errc::InvalidArgument);
  CHECK(refusal([](auto& import) { import.rows = (1 << 20) + 1; }).code == Errc::InvalidArgument);
  CHECK(refusal([](auto& import) { import.input.clear(); }).mentions("the input has no name"));
  CHECK(refusal([](auto& import) { import.columns.clear(); }).code == Errc::InvalidArgument);
  CHECK(refusal([](auto& import) { import.columns = {"z"}; }).mentions("'z'"));
  CHECK(refusal([](auto& import) { import.columns = {"label"}; }).code == Errc::Corrupt);
  CHECK(refusal([](auto& import) { import.label_column = "activity"; }).mentions("'activity'"));
}

TEST_CASE("a window has the label of most of its rows, and its columns as they were asked for") {
  const Recordings recordings;
  Collection collection;
  import_windows(recordings.import(), collection, {});
  // Rows 0-3 and 2-5 walk (of the latter 3 of 4), 4-7 and 6-9 stand up.
  REQUIRE(collection.moments().size() == 4);
  const auto report = collection.write(recordings / "out", false);
  CHECK(report.left_out.at("files that do not match the pattern").example == "info.csv");
  const auto set = format::read_samples(recordings / "out");
  CHECK(set.samples[1].id == "s1/a-000002");
  CHECK(set.samples[1].answer == "WALKING");
  CHECK(set.samples[2].answer == "STANDING UP");
  const auto window = format::read_npy(set.samples[1].inputs.at("imu").front());
  CHECK(window.shape == std::vector<std::int64_t>{4, 2});
  CHECK(window.to_floats() == std::vector<float>{20, 2, 30, 3, 40, 4, 50, 5});

  auto strict = recordings.import();
  strict.majority = 1;
  strict.out = recordings / "strict";
  Collection clear;
  import_windows(strict, clear, {});
  CHECK(clear.moments().size() == 2);
}

TEST_CASE("times become what elapsed since a window began, before they become float32") {
  const Recordings recordings;
  std::string rows = "x,label,clock\n";
  for (int i = 0; i < 6; ++i)
    rows += std::to_string(i) + ",WALKING," + std::to_string(1657535082970 + 10 * i) + "\n";
  test::write_file(recordings / "in/s1/a.csv", rows);
  auto import = recordings.import();
  import.columns = {"clock:elapsed", "x"};
  Collection collection;
  import_windows(import, collection, {});
  collection.write(recordings / "out", false);
  const auto set = format::read_samples(recordings / "out");
  const auto window = format::read_npy(set.samples.at(1).inputs.at("imu").front());
  CHECK(window.to_floats() == std::vector<float>{0, 2, 10, 3, 20, 4, 30, 5});

  import.columns = {"x", "clock"};
  Collection none;
  const auto refusal = thrown_by([&] { import_windows(import, none, {}); });
  CHECK(refusal.code == Errc::InvalidArgument);
  CHECK(refusal.mentions("rows 1 and 2 of column 'clock'"));
  CHECK(refusal.mentions("clock:elapsed"));
}

TEST_CASE("a clock whose ticks float32 loses is refused below 2^24 as well") {
  const Recordings recordings;
  const auto refusal = [&](const std::vector<std::string>& clock) {
    return thrown_by([&] { imported(recordings.import_of(clock)); });
  };
  const std::vector<std::string> seconds{"2000000.00", "2000000.01", "2000000.02", "2000000.03",
                                         "2000000.04"};
  CHECK(refusal(seconds).mentions("rows 1 and 2 of column 'x' are one number"));
  CHECK(refusal(seconds).mentions("x:elapsed"));
  // One long pause makes the usual step no longer.
  CHECK(refusal({"100000.000", "100000.004", "100000.008", "100900.000", "100900.004"})
            .mentions("rows 2 and 3 of column 'x'"));
  auto elapsed = recordings.import_of(seconds);
  elapsed.columns = {"x:elapsed"};
  CHECK(imported(elapsed).moments().size() == 1);
}

TEST_CASE("the last digits of a sensor may be lost") {
  const Recordings recordings;
  CHECK(imported(recordings.import_of({"9.81000001", "9.80999999", "9.81", "9.7", "9.81000002"}))
            .moments()
            .size() == 1);
  CHECK(imported(recordings.import_of({"0", "1", "2", "2.00000001", "3"})).moments().size() == 1);
  CHECK(imported(recordings.import_of({"9.81", "9.81", "9.81", "9.81"})).moments().size() == 1);
}

TEST_CASE("a value that float32 has as infinity is refused with its place") {
  const Recordings recordings;
  const auto refusal = thrown_by([&] { imported(recordings.import_of({"0", "1", "1e39", "3"})); });
  CHECK(refusal.code == Errc::Corrupt);
  CHECK(refusal.mentions("a.csv: row 3 of column 1 (x) is not a finite float32"));
}

TEST_CASE("a majority is reached by exactly its share of the rows") {
  const Recordings recordings;
  auto import = recordings.import_labelled(55, 45, "SITTING");
  import.rows = 100;
  import.hop = 100;
  import.majority = 0.55;
  CHECK(imported(import).moments().size() == 1);
  recordings.import_labelled(54, 46, "SITTING");
  CHECK(imported(import).empty());
}

TEST_CASE("a window most of whose rows have no label is left out") {
  const Recordings recordings;
  auto import = recordings.import_labelled(4, 4, "");
  import.hop = 4;
  const auto report = imported(import).write(recordings / "out", false);
  CHECK(report.moments == 1);
  CHECK(report.questions == 1);
  CHECK(report.left_out.at("windows without a clear label").example == "s1/a-000004");
}

TEST_CASE("the windows of a list stay what they are while another import runs, however it ends") {
  const Recordings recordings;
  auto import = recordings.import();
  imported(import).write(recordings / "out", false);
  const auto window = format::read_samples(recordings / "out").samples.at(0).inputs.at("imu").front();
  const std::string before = read_text(window, 1U << 16U);
  import.columns = {"x", "y"};
  imported(import);  // and its list is never written
  CHECK(read_text(window, 1U << 16U) == before);
  imported(import).write(recordings / "out", true);
  const auto replaced = format::read_samples(recordings / "out").samples.at(0).inputs.at("imu").front();
  CHECK(format::read_npy(replaced).to_floats() == std::vector<float>{0, 0, 1, 10, 2, 20, 3, 30});
}

TEST_CASE("paths say the answer, the group and the split of windows; without a group it is the recording") {
  const Recordings recordings;
  auto import = recordings.import();
  import.label_column.clear();
  import.pattern = "{split}/*.csv";
  std::filesystem::rename(recordings / "in/s1", recordings / "in/validation");
  Collection by_split;
  import_windows(import, by_split, {});
  REQUIRE(by_split.moments().size() == 4);
  for (const Moment& moment : by_split.moments()) CHECK(moment.split == "val");
  CHECK(by_split.write(recordings / "by-split", false).questions == 0);

  import.pattern = "{answer}/*.csv";
  import.labelling.split = {.val_share = 0, .test_share = 0.5};
  std::filesystem::copy_file(recordings / "in/validation/a.csv", recordings / "in/validation/b.csv");
  Collection by_recording;
  import_windows(import, by_recording, {});
  const auto report = by_recording.write(recordings / "by-recording", false);
  CHECK(report.moments_by_split == std::map<std::string, std::int64_t>{{"train", 4}, {"test", 4}});
  CHECK(report.questions == 8);

  import.pattern = "{group}/*.csv";
  import.labelling.split = {.val = {}, .test = { "validation" }};
  Collection by_group;
  import_windows(import, by_group, {});
  for (const Moment& moment : by_group.moments()) CHECK(moment.split == "test");
}

TEST_CASE("real recordings are cut by subject, as the reference was") {
  const auto root = test::real_data("imu_har");
  if (!root) return;
  const test::TemporaryFolder out;
  WindowsImport import;
  import.root = *root;
  import.pattern = "*/{group}_*_sp.csv";
  import.input = "imu";
  import.columns = {"x_acc", "y_acc", "z_acc", "x_gyro", "y_gyro", "z_gyro"};
  import.label_column = "label";
  import.rows = 40;
  import.hop = 20;
  import.out = out.path();
  import.labelling = {.question = "what is the person doing?", .type = "", .answers = {}, .split = {
                        .val = {"s17"},
                        .test =
                        { "s20" }
                      }};
  Collection collection;
  import_windows(import, collection, {});
  const auto report = collection.write(out.path(), false);
  CHECK(report.moments_by_split ==
        std::map<std::string, std::int64_t>{{"train", 1317}, {"val", 449}, {"test", 416}});
}
