#include "core/dataset/nuscenes.hpp"

#include "core/dataset/nuscenes_tables.hpp"
#include "core/format/image.hpp"
#include "core/format/point_cloud.hpp"
#include "core/format/sample_set.hpp"
#include "tests/core/dataset/nuscenes_world.hpp"
#include "tests/support/errors.hpp"

using namespace lateral;
using namespace lateral::dataset;
using test::NuScenesWorld;
using test::thrown_by;

namespace {

const std::set<std::string> kFront{"CAM_FRONT"};

NuScenesImport of(const NuScenesWorld& world) {
  NuScenesImport import;
  import.root = world.path();
  import.frames.out = world / "out";
  import.frames.split.all = "train";
  return import;
}

Collection imported(const NuScenesImport& import) {
  Collection collection;
  import_nuscenes(import, collection, {});
  return collection;
}

std::vector<std::string> ids(const Collection& collection) {
  std::vector<std::string> names;
  for (const Moment& moment : collection.moments()) names.push_back(moment.id);
  return names;
}

test::Thrown refusal(const NuScenesWorld& world) {
  return thrown_by([&] { read_nuscenes_tables(world.tables(), kFront, {}); });
}

}  // namespace

TEST_CASE("file names that leave the data's folder are refused, naming table and record") {
  const NuScenesWorld world;
  const std::string long_name(1025, 'x');
  for (const char* file : {"/etc/passwd", "../../etc/passwd", "samples/../../x", "", ".", "samples/",
                           "a\\u0000b", long_name.c_str()}) {
    CAPTURE(file);
    world.write_table("sample_data", {NuScenesWorld::data_record("keyframe0", "CAM_FRONT", file, true)});
    const auto thrown = refusal(world);
    CHECK(thrown.code == Errc::Corrupt);
    CHECK(thrown.mentions("sample_data.json[0]: $.filename"));
  }
}

TEST_CASE("tables that do not fit together are refused, naming the record") {
  const NuScenesWorld world;
  const auto with_data = [&](const std::vector<std::string>& records) {
    world.write_table("sample_data", records);
    return refusal(world);
  };
  const std::string good = NuScenesWorld::data_record("keyframe0", "CAM_FRONT", "a.jpg", true);
  CHECK(with_data({good, good}).mentions("sample_data.json[1]: $: expected one file of CAM_FRONT"));
  CHECK(with_data({NuScenesWorld::data_record("other", "CAM_FRONT", "a.jpg", true)})
            .mentions("a token of sample.json"));
  CHECK(with_data({NuScenesWorld::data_record("keyframe0", "CAM_ROOF", "a.jpg", true)})
            .mentions("a token of calibrated_sensor.json"));
  CHECK(with_data({R"({"is_key_frame": true})"}).code == Errc::Corrupt);
  CHECK(with_data({"17"}).mentions("sample_data.json[0]: this is no object"));
  CHECK(with_data({"{\"is_key_frame\": false}}"}).code == Errc::Corrupt);
  const std::string keyframe = R"({"token": "k", "timestamp": 1, "scene_token": "scene0"})";
  world.write_table("sample", {keyframe, keyframe});
  CHECK(refusal(world).mentions("sample.json[1]: $.token: expected a token that was not there before"));
  world.write_table("calibrated_sensor", {R"({"token": "c", "sensor_token": "absent"})"});
  world.write_table("sample", {keyframe});
  CHECK(
      refusal(world).mentions("calibrated_sensor.json[0]: $.sensor_token: expected a token of sensor.json"));
  world.write_table("sample", {R"({"token": "k", "timestamp": 1, "scene_token": "absent"})"});
  CHECK(refusal(world).mentions("sample.json[0]: $.scene_token: expected a token of scene.json"));
  world.write_table("scene", {NuScenesWorld::scene(0, "a"), NuScenesWorld::scene(0, "b")});
  CHECK(refusal(world).mentions("scene.json[1]: $.token: expected a token that was not there before"));
  std::filesystem::remove(world.tables() / "scene.json");
  CHECK(refusal(world).code == Errc::NotFound);
}

TEST_CASE("the version is the one that is there, or the one that is named") {
  const NuScenesWorld world;
  CHECK(nuscenes_version(world.path(), "") == world.tables());
  CHECK(thrown_by([&] { nuscenes_version(world.path(), "v1.0-test"); }).code == Errc::NotFound);
  std::filesystem::create_directories(world / "v1.0-trainval");
  CHECK(thrown_by([&] { nuscenes_version(world.path(), ""); }).mentions("--version"));
  CHECK(nuscenes_version(world.path(), "v1.0-mini") == world.tables());
  CHECK(thrown_by([&] { nuscenes_version(world / "samples", ""); }).code == Errc::NotFound);
}

TEST_CASE("keyframes without questions become pairs of camera and LiDAR, by scene and time") {
  const NuScenesWorld world;
  const auto collection = imported(of(world));
  CHECK(ids(collection) == std::vector<std::string>{"keyframe1", "keyframe0", "keyframe3", "keyframe2"});
  const auto& inputs = collection.moments()[0].inputs;
  REQUIRE(inputs.at("camera").size() == 6);
  CHECK(inputs.at("camera")[1] == world.file("CAM_FRONT_RIGHT", 1));
  CHECK(inputs.at("lidar").front() == world.file("LIDAR_TOP", 1));
  const auto report = collection.write(world / "out", false);
  CHECK(report.moments == 4);
  CHECK(report.questions == 0);
  CHECK(format::check_samples(world / "out").problems.empty());
}

TEST_CASE("day and night, clear and rain go by the scene's description") {
  const NuScenesWorld world;
  auto import = of(world);
  const std::vector<std::string> first{"keyframe1", "keyframe0"}, second{"keyframe3", "keyframe2"};
  for (const auto& [word, expected] :
       {std::pair{"day", first}, {"clear", first}, {"night", second}, {"rain", second}}) {
    import.condition = condition_named(word).value();
    CHECK(ids(imported(import)) == expected);
  }
  CHECK_FALSE(condition_named("fog"));
}

TEST_CASE("the weather is told by whole words") {
  for (const char* dry : {"Train crossing, terrain", "wait at drain", "Knight statue", ""}) {
    CAPTURE(dry);
    CHECK(is_of(Condition::Clear, dry));
    CHECK(is_of(Condition::Day, dry));
  }
  for (const char* wet : {"Rain", "after rain, wait", "Still raining.", "rainy/dark", "NIGHT,RAIN"}) {
    CAPTURE(wet);
    CHECK(is_of(Condition::Rain, wet));
    CHECK_FALSE(is_of(Condition::Clear, wet));
  }
  CHECK(is_of(Condition::Night, "parked cars (night)"));
}

TEST_CASE("questions come with their template, hops and published split") {
  const NuScenesWorld world;
  auto import = of(world);
  import.frames.split = {};
  import.questions = {
      world.write_questions("train.json", {NuScenesWorld::question(0, "any bus?", "no"),
                                           NuScenesWorld::question(0, "any car?", "yes"),
                                           NuScenesWorld::question(77, "any car?", "yes")}),
      world.write_questions("val.json", {NuScenesWorld::question(2, "any bus?", "yes", "val")})};
  const auto report = imported(import).write(world / "out", false);
  CHECK(report.moments_by_split == std::map<std::string, std::int64_t>{{"train", 1}, {"test", 1}});
  CHECK(report.questions_by_type == std::map<std::string, std::int64_t>{{"exist-0", 3}});
  CHECK(report.left_out.at("questions about keyframes of other tables").count == 1);
  CHECK(report.left_out.at("keyframes that nothing is asked about").count == 2);
  const auto set = format::read_samples(world / "out");
  CHECK(set.samples[0].question == "any bus?");
  CHECK(set.samples[2].split == "test");

  import.condition = Condition::Day;
  CHECK(imported(import).write(world / "day", false).left_out.at("questions about other conditions").count ==
        1);
}

TEST_CASE("questions of another form are refused, naming the record") {
  const NuScenesWorld world;
  auto import = of(world);
  const auto refuse = [&](const std::vector<std::string>& records) {
    import.questions = {world.write_questions("q.json", records)};
    return thrown_by([&] { imported(import); });
  };
  CHECK(refuse({NuScenesWorld::question(0, "q", "a", "mini")})
            .mentions("q.json[0]: $.split: expected \"train\" or \"val\""));
  CHECK(refuse({NuScenesWorld::question(0, "q", "a"), NuScenesWorld::question(0, "r", "a", "val")})
            .mentions("q.json[1]"));
  CHECK(refuse({NuScenesWorld::question(0, "", "a")}).mentions("a question"));
  CHECK(refuse({NuScenesWorld::question(0, "q", "")}).mentions("an answer"));
  CHECK(
      refuse({R"({"sample_token": ")" + std::string(65, 'k') + "\"}"}).mentions("expected 1 to 64 letters"));
  CHECK(refuse({R"({"sample_token": "a b"})"}).mentions("$.sample_token: expected 1 to 64 letters"));
  CHECK(refuse({R"({"sample_token": "keyframe0"})"}).code == Errc::Corrupt);
  test::write_file(world / "q.json", R"({"answers": []})");
  CHECK(thrown_by([&] { imported(import); }).mentions("no such member"));
}

TEST_CASE("scenes stay whole unless moments are asked for, and missing files cost their keyframe alone") {
  const NuScenesWorld world;
  auto import = of(world);
  import.frames.split = {.val = {}, .test = { "scene1" }};
  std::filesystem::remove(world.file("CAM_BACK", 0));
  const auto report = imported(import).write(world / "out", false);
  CHECK(report.moments_by_split == std::map<std::string, std::int64_t>{{"train", 1}, {"test", 2}});
  CHECK(report.left_out.at("keyframes with a missing file").example == world.file("CAM_BACK", 0).string());
  import.frames.split = {.val = {}, .test = { "keyframe3" }};
  import.frames.split_by = SplitBy::Moment;
  CHECK(imported(import).write(world / "by-moment", false).moments_by_split.at("test") == 1);
}

TEST_CASE("a keyframe that lacks a sensor or a file costs its own questions, and a view is named once") {
  const NuScenesWorld world;
  std::vector<std::string> records;
  for (const std::string& channel : clockwise_views()) {
    for (int i = channel == "CAM_BACK" ? 1 : 0; i < 2; ++i)
      records.push_back(NuScenesWorld::data_record(
          NuScenesWorld::token_of(i), channel,
          std::filesystem::relative(world.file(channel, i), world.path()).string(), true));
  }
  world.write_table("sample_data", records);
  std::filesystem::remove(world.file("CAM_FRONT", 1));
  auto import = of(world);
  import.frames.senses.lidar.clear();
  import.questions = {world.write_questions("q.json", {NuScenesWorld::question(0, "any bus?", "no"),
                                                       NuScenesWorld::question(1, "any bus?", "no")})};
  const auto thrown = thrown_by([&] { imported(import).write(world / "out", false); });
  CHECK(thrown.mentions("1 keyframes without one of the sensors (e.g. keyframe0)"));
  CHECK(thrown.mentions("1 keyframes with a missing file"));
  CHECK(thrown.mentions("2 questions about keyframes without files"));
  import.views = {"CAM_FRONT", "CAM_BACK", "CAM_FRONT"};
  CHECK(thrown_by([&] { imported(import); }).mentions("a camera is among the views twice"));
}

TEST_CASE("the published split can be left alone") {
  const NuScenesWorld world;
  auto import = of(world);
  import.published_split = false;
  import.questions = {
      world.write_questions("val.json", {NuScenesWorld::question(2, "any bus?", "yes", "val")})};
  CHECK(imported(import).moments().at(0).split == "train");
}

TEST_CASE("one sense can be left out, and needs none of its files") {
  const NuScenesWorld world;
  auto import = of(world);
  import.frames.senses.lidar = "rangeview";
  import.frames.senses.camera.clear();
  std::filesystem::remove(world.file("CAM_BACK", 0));
  const auto collection = imported(import);
  CHECK(collection.moments().size() == 4);
  CHECK(collection.moments()[0].inputs.size() == 1);
  CHECK(collection.moments()[0].inputs.contains("rangeview"));
}

TEST_CASE("real keyframes import with pictures and sweep that can be read") {
  const auto frame = test::real_data("nuscenes_frames/mmdet3d_demo");
  if (!frame) return;
  const NuScenesWorld world(1);
  std::vector<std::string> records;
  for (const auto& entry : std::filesystem::directory_iterator(*frame)) {
    const std::string name = entry.path().filename().string();
    const auto start = name.find("__"), end = name.rfind("__");
    if (start == name.npos) continue;
    const std::string channel = name.substr(start + 2, end - start - 2);
    records.push_back(NuScenesWorld::data_record("keyframe0", channel, name, true));
  }
  REQUIRE(records.size() == 7);
  world.write_table("sample_data", records);
  std::filesystem::remove_all(world / "samples");
  for (const auto& entry : std::filesystem::directory_iterator(*frame))
    std::filesystem::create_symlink(entry.path(), world / entry.path().filename().string());
  const auto collection = imported(of(world));
  REQUIRE(collection.moments().size() == 1);
  const auto& inputs = collection.moments()[0].inputs;
  for (const auto& picture : inputs.at("camera")) CHECK(format::read_image(picture).width == 1600);
  const std::vector<std::string> columns{"x", "y", "z", "intensity", "ring"};
  CHECK(format::read_point_cloud(inputs.at("lidar").front(), columns).rows == 34688);
}
