#include "core/dataset/folder.hpp"

#include "core/format/sample_set.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"

using namespace lateral;
using namespace lateral::dataset;

namespace {

struct Tree : test::TemporaryFolder {
  explicit Tree(const std::vector<std::string>& files) {
    for (const std::string& file : files) {
      std::filesystem::create_directories((*this / file).parent_path());
      test::write_file(*this / file, file);
    }
  }
};

FolderImport words(const std::filesystem::path& root) {
  return {.root = root,
          .files = {{"sound", "{answer}/{group}_*.wav"}},
          .labelling = {
              .question = "which word?", .type = "word", .answers = {}, .split = {.val = {}, .test = {"b"}}}};
}

std::map<std::string, std::string> splits_by_id(const Collection& collection) {
  std::map<std::string, std::string> splits;
  for (const Moment& moment : collection.moments()) splits[moment.id] = moment.split;
  return splits;
}

}  // namespace

TEST_CASE("labels and groups come from paths, and a group is never torn apart") {
  const Tree tree({"yes/a_1.wav", "yes/a_2.wav", "not_now/b_1.wav", "no/b_2.wav", "README.md"});
  Collection collection;
  import_folder(words(tree.path()), collection, {});
  CHECK(splits_by_id(collection) ==
        std::map<std::string, std::string>{
            {"yes/a_1", "train"}, {"yes/a_2", "train"}, {"not_now/b_1", "test"}, {"no/b_2", "test"}});
  const auto report = collection.write(tree / "out", false);
  CHECK(report.questions == 4);
  CHECK(report.left_out.at("files that match no pattern").example == "README.md");
  const auto set = format::read_samples(tree / "out");
  CHECK(set.samples[1].answer == "not now");
}

TEST_CASE("labels without an answer in the list of answers are left out") {
  const Tree tree({"yes/a_1.wav", "no/b_1.wav", "noise/a_3.wav"});
  auto import = words(tree.path());
  import.labelling.answers = {{"yes", "it is"}, { "no", "it is not" }};
  Collection collection;
  import_folder(import, collection, {});
  CHECK(collection.moments().size() == 2);
  CHECK(collection.write(tree / "out", false).left_out.at("files whose label has no answer").example ==
        "noise/a_3: noise");
}

TEST_CASE("files of one id are one moment, with views in order") {
  const Tree tree({"camera/7_1.jpg", "camera/7_0.jpg", "lidar/7.bin", "camera/8_0.jpg"});
  Collection collection;
  import_folder({.root = tree.path(),
                 .files = {{"camera", "camera/{id}_*.jpg"}, {"lidar", "lidar/{id}.bin"}},
                 .labelling = {.question = "", .type = "", .answers = {}, .split = {.all = "train"}}},
                collection, {});
  REQUIRE(collection.moments().size() == 2);
  const auto& inputs = collection.moments()[0].inputs;
  CHECK(inputs.at("camera") ==
        std::vector<std::filesystem::path>{tree / "camera/7_0.jpg", tree / "camera/7_1.jpg"});
  CHECK(inputs.at("lidar").size() == 1);
  CHECK_FALSE(collection.moments()[1].inputs.contains("lidar"));
}

TEST_CASE("without an id every file is a moment, also one that differs from another in its ending alone") {
  const Tree tree({"a.flac", "a.wav", "b.wav"});
  Collection collection;
  import_folder(
      {.root = tree.path(),
       .files = {{"sound", "*.*"}},
       .labelling = {.question = "", .type = "", .answers = {}, .split = {.val = {}, .test = {"a"}}}},
      collection, {});
  CHECK(splits_by_id(collection) ==
        std::map<std::string, std::string>{{"a", "test"}, {"a.wav", "test"}, {"b", "train"}});
  for (const Moment& moment : collection.moments()) CHECK(moment.inputs.at("sound").size() == 1);
}

TEST_CASE("files are all regular ones, sorted, and one whose name no list can hold is left out") {
  const Tree tree({"b/c.wav", "b/a.wav", "a.wav", "b\n.wav"});
  CHECK(files_below(tree.path(), {}) == std::vector<std::string>{"a.wav", "b\n.wav", "b/a.wav", "b/c.wav"});
  auto import = words(tree.path());
  import.files = {{ "sound", "{id}.wav" }};
  import.labelling.split = {.all = "train"};
  Collection collection;
  import_folder(import, collection, {});
  CHECK(splits_by_id(collection) == std::map<std::string, std::string>{{"a", "train"}});
  CHECK(collection.write(tree / "out", false).left_out.at("files with odd or very long names").count == 1);
}

TEST_CASE("what contradicts itself is refused") {
  const Tree tree({"yes/7_0.jpg", "no/7_1.jpg", "later/8.jpg"});
  const auto refusal = [&](std::vector<std::pair<std::string, std::string>> files) {
    Collection collection;
    return test::thrown_by([&] {
      import_folder({.root = tree.path(),
                     .files = std::move(files),
                     .labelling = {.question = "q", .type = "", .answers = {}, .split = {.all = "train"}}},
                    collection, {});
    });
  };
  CHECK(refusal({{"camera", "{answer}/{id}_*.jpg"}}).mentions("the answer 'no' and 'yes'"));
  CHECK(refusal({}).code == Errc::InvalidArgument);
  CHECK(refusal({{"a", "{id}"}, {"b", "x"}}).mentions("{id} must say which files belong together"));
  CHECK(refusal({{"camera", "{split}/8.jpg"}}).mentions("'later' is no split"));
  Collection collection;
  CHECK(test::thrown_by([&] { import_folder(words(tree / "absent"), collection, {}); }).code ==
        Errc::NotFound);
  auto mute = words(tree.path());
  mute.files = {{"camera", "{answer}/*.jpg"}};
  mute.labelling.question = "";
  CHECK(test::thrown_by([&] { import_folder(mute, collection, {}); }).mentions("--question"));
}

TEST_CASE("train is thinned out by the seed, test is not") {
  std::vector<std::string> files;
  for (int i = 0; i < 50; ++i) files.push_back("yes/a_" + std::to_string(i) + ".wav");
  for (int i = 0; i < 20; ++i) files.push_back("yes/b_" + std::to_string(i) + ".wav");
  const Tree tree(files);
  auto import = words(tree.path());
  import.labelling.train_limit = 10;
  Collection collection, again;
  import_folder(import, collection, {});
  import_folder(import, again, {});
  CHECK(collection.moments().size() == 30);
  CHECK(splits_by_id(collection) == splits_by_id(again));
}

TEST_CASE("an import stops when it is asked to") {
  const Tree tree({"yes/a_1.wav", "no/b_1.wav"});
  const Work work;
  work.cancel.cancel();
  CHECK(test::thrown_by([&] { files_below(tree.path(), work); }).code == Errc::Cancelled);
}
