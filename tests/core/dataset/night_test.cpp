#include <span>

#include "core/base/file.hpp"
#include "core/dataset/frames.hpp"
#include "core/dataset/pictures.hpp"
#include "core/format/picture_filter.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"

using namespace lateral;
using namespace lateral::dataset;

namespace {

format::Image even(std::uint8_t brightness = 255) {
  return {8, 8, std::vector<std::uint8_t>(8 * 8 * 3, brightness)};
}

void write_picture(const std::filesystem::path& path, std::uint8_t brightness = 255) {
  const auto bytes = format::encode_png(even(brightness));
  test::write_file(path, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace

TEST_CASE("a picture that cannot be read makes no night") {
  const test::TemporaryFolder folder;
  test::write_file(folder / "a.jpg", "no picture");
  CHECK(test::thrown_by([&] { NightPictures(folder.path()).of(folder / "a.jpg", "x/a.jpg"); }).code ==
        Errc::Unsupported);
  CHECK_FALSE(std::filesystem::exists(folder / "night"));
}

TEST_CASE("nights are written once, without loss, and below their folder") {
  const test::TemporaryFolder folder;
  write_picture(folder / "a.png");
  const NightPictures night(folder / "out");
  const auto file = night.of(folder / "a.png", "samples/CAM/a.jpg");
  CHECK(file.parent_path() == folder / "out/night/samples/CAM");
  CHECK(file.filename().string().starts_with("a-"));
  CHECK(format::read_image(file).rgb == format::night_of(even()).rgb);
  CHECK(format::read_image(file).rgb.front() == 51);
  test::write_file(file, "not again");
  CHECK(night.of(folder / "a.png", "samples/CAM/a.jpg") == file);
  CHECK(read_text(file, 100) == "not again");
}

TEST_CASE("a night is not taken for that of another picture of the same name") {
  const test::TemporaryFolder folder;
  write_picture(folder / "a.png");
  const NightPictures night(folder / "out");
  const auto first = night.of(folder / "a.png", "CAM/a.png");
  write_picture(folder / "a.png", 100);
  const auto second = night.of(folder / "a.png", "CAM/a.png");
  CHECK(first != second);
  CHECK(format::read_image(second).rgb.front() == 20);
  CHECK(format::read_image(first).rgb.front() == 51);  // a list that is there already may name it
}

TEST_CASE("frames have their nights instead of their pictures where that is asked for") {
  const test::TemporaryFolder folder;
  write_picture(folder / "a.png");
  const Frame frame{
      .id = "1", .scene = "s", .split = "train", .views = {{folder / "a.png", "CAM/a.png"}}, .sweep = {}};
  FrameImport import{.senses = {.camera = "camera", .lidar = ""}, .split = {}, .out = folder / "out"};
  for (const bool night : {false, true}) {
    import.night_pictures = night;
    Collection collection;
    add_frames(collection, {frame}, import, {});
    CHECK(collection.moments().at(0).inputs.at("camera").front() ==
          (night ? NightPictures(folder / "out").of(folder / "a.png", "CAM/a.png") : folder / "a.png"));
  }
}

TEST_CASE("frames without a sense that is wanted, or with none that is, are no moments") {
  const test::TemporaryFolder folder;
  test::write_file(folder / "a.bin", "a");
  Frame frame{.id = "1", .scene = "s", .split = "train", .views = {}, .sweep = {}};
  Collection collection;
  add_frames(collection, {frame}, {.senses = {}, .split = {}, .out = {}}, {});
  CHECK(collection.moments().empty());
  frame.sweep = folder / "absent.bin";
  add_frames(collection, {frame}, {.senses = {}, .split = {}, .out = {}}, {});
  CHECK(collection.moments().empty());
  const auto thrown = test::thrown_by([&] { collection.write(folder / "out", false); });
  CHECK(thrown.mentions("1 keyframes without a recording"));
  CHECK(thrown.mentions("1 keyframes with a missing file (e.g. " + (folder / "absent.bin").string()));
  CHECK(test::thrown_by([&] {
          add_frames(collection, {frame}, {.senses = {.camera = "", .lidar = ""}, .split = {}, .out = {}},
                     {});
        }).code == Errc::InvalidArgument);
}
