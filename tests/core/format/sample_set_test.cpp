#include "core/format/sample_set.hpp"

#include <cmath>

#include "core/format/npy.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"
#include "tests/support/hostile.hpp"

using namespace lateral;
using namespace lateral::format;
using test::code_of;

namespace {

/// A data directory with small files a.bin, b.bin, c.bin and the given lines.
struct Folder : test::TemporaryFolder {
  explicit Folder(const std::string& lines) {
    for (const char* name : {"a.bin", "b.bin", "c.bin"})
      test::write_file(*this / name, std::string(16, '\0'));
    std::filesystem::create_directory(*this / "folder.bin");
    test::write_file(*this / "samples.jsonl", lines);
  }
};

std::string line(const std::string& id, const std::string& split, const std::string& inputs,
                 const std::string& rest = R"("question": "any bus?", "answer": "no", "type": "existence")") {
  return R"({"id": ")" + id + R"(", "split": ")" + split + R"(", "inputs": )" + inputs +
         (rest.empty() ? "" : ", " + rest) + "}\n";
}

std::string problems(const std::string& lines) {
  return check_samples(Folder(lines).path()).problems_text();
}

}  // namespace

TEST_CASE("a directory without samples is NotFound, an empty list is a problem") {
  const test::TemporaryFolder empty;
  CHECK(code_of([&] { read_samples(empty.path()); }) == Errc::NotFound);
  CHECK(problems("\n\n") == "samples.jsonl: there are no samples");
}

TEST_CASE("all mistakes are reported at once, each with its line") {
  const std::string lines =
      line("1", "train", R"({"lidar": "a.bin"})") +  //
      "{\"id\": \n" +                                //
      line("2", "training", R"({"lidar": "b.bin"})") + line("3", "val", R"({"lidar": "missing.bin"})") +
      line("4", "val", "{}") + line("5", "val", R"({"lidar": []})") + line("6", "val", R"({"lidar": ""})") +
      line("7", "val", R"({"lidar": "folder.bin"})") + line("", "val", R"({"lidar": "c.bin"})") +
      line("8", "val", R"({"lidar": "c.bin"})", R"("answer": "no")") +
      line("9", "val", R"({"lidar": "b.bin"})", R"("anwser": "no")") + "[]\n";
  const Folder folder(lines);
  const SampleReport report = check_samples(folder.path());
  std::vector<int> found;
  for (const auto& problem : report.problems) found.push_back(problem.line);
  CHECK(found == std::vector<int>{2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  const std::string text = report.problems_text();
  CAPTURE(text);
  CHECK(text.find("samples.jsonl:3: $.split: expected \"train\", \"val\" or \"test\", found") != text.npos);
  CHECK(text.find("missing.bin is not there") != text.npos);
  CHECK(text.find("\"anwser\"") != text.npos);
  CHECK(report.problems_text(2).ends_with("... and 9 more"));
  const auto error = test::thrown_by([&] { read_samples(folder.path()); });
  CHECK(error.code == Errc::Corrupt);
  CHECK(error.mentions("11 problems"));
  CHECK(error.mentions(text));
}

TEST_CASE("recordings that are mispaired, split twice or asked twice are found") {
  const std::string one = line("1", "train", R"({"lidar": "a.bin"})");
  CHECK(problems(one + line("2", "train", R"({"lidar": "a.bin"})")).find("mispaired") != std::string::npos);
  CHECK(problems(one + line("2", "train", R"({"lidar": "./sub/../a.bin"})")).find("mispaired") !=
        std::string::npos);
  CHECK(problems(one + line("1", "train", R"({"lidar": "b.bin"})", R"("question": "q", "answer": "a")")) ==
        R"(samples.jsonl:2: id "1" has other files for input "lidar" than in line 1: one id is one moment)");
  CHECK(problems(one + line("1", "val", R"({"lidar": "a.bin"})", R"("question": "q")"))
            .find(R"(id "1" is in split val, in line 1 in train)") != std::string::npos);
  CHECK(problems(one + one) == R"(samples.jsonl:2: the question of line 1 is asked again for id "1")");
  CHECK(problems(one +
                 line("1", "train", R"({"lidar": "a.bin"})", R"("question": "any bus?", "answer": "yes")"))
            .ends_with("with another answer"));
}

TEST_CASE("good samples have absolute paths, and one moment gathers its lines") {
  const Folder folder(
      line("m1", "train", R"({"camera": ["a.bin", "b.bin"]})") + "\r\n" +
      line("m1", "train", R"({"lidar": "c.bin"})", R"("question": "how many?", "answer": "2")") +
      line("m2", "test", R"({"notes": ")" + std::string("/dev/../etc/passwd") + R"("})", ""));
  const SampleSet set = read_samples(folder.path());
  REQUIRE(set.samples.size() == 3);
  CHECK(set.samples[0].inputs.at("camera")[1] == folder / "b.bin");
  CHECK(set.samples[1].line == 3);
  CHECK(set.samples[2].question.empty());
  const auto moments = moments_of(set);
  REQUIRE(moments.size() == 2);
  CHECK(moments[0].inputs.size() == 2);
  CHECK(moments[0].samples == std::vector<std::size_t>{0, 1});

  const SampleReport report = check_samples(folder.path());
  CHECK(report.problems.empty());
  CHECK(report.files == 4);
  CHECK(report.outside == 1);
  CHECK(report.by_split == std::map<std::string, std::int64_t>{{"test", 1}, {"train", 2}});
  CHECK(report.by_type == std::map<std::string, std::int64_t>{{"", 1}, {"existence", 1}});
  CHECK(report.by_input == std::map<std::string, std::int64_t>{{"camera", 1}, {"lidar", 1}, {"notes", 1}});
  CHECK(report.by_inputs == std::map<std::string, std::int64_t>{{"camera+lidar", 1}, {"notes", 1}});
}

TEST_CASE("a moment with many questions names its files once, and first") {
  const std::string files = line("1", "train", R"({"lidar": "a.bin"})");
  const std::string question = R"({"id": "1", "split": "train", "question": "how many?", "answer": "2"})";
  const Folder folder(files + question);
  const SampleSet set = read_samples(folder.path());
  REQUIRE(set.samples.size() == 2);
  const auto moments = moments_of(set);
  REQUIRE(moments.size() == 1);
  CHECK(moments[0].inputs.at("lidar").front() == folder / "a.bin");
  CHECK(problems(question + "\n" + files) ==
        R"(samples.jsonl:1: there are no inputs, and no earlier line of id "1" has any)");
  CHECK(problems(line("0", "train", R"({"lidar": "a.bin"})") + question).find("earlier line of id \"1\"") !=
        std::string::npos);
}

TEST_CASE("an input of another kind or with another number of views is found") {
  const std::string two = line("1", "train", R"({"camera": ["a.bin", "b.bin"]})");
  CHECK(problems(two + line("2", "train", R"({"camera": "c.bin"})")) ==
        R"(samples.jsonl:2: input "camera" has 1 files, in line 1 2)");
  const Folder folder(line("1", "train", R"({"camera": "a.png"})") +
                      line("2", "train", R"({"camera": "b.wav"})") +
                      line("3", "train", R"({"camera": "B.JPEG"})"));
  for (const char* name : {"a.png", "b.wav", "B.JPEG"}) test::write_file(folder / name, "");
  CHECK(check_samples(folder.path()).problems_text() ==
        R"(samples.jsonl:2: input "camera" is of the wrong kind: b.wav is sound, in line 1 it is a picture)");
}

TEST_CASE("questions without answers are a remark") {
  const std::string asked = line("1", "train", R"({"lidar": "a.bin"})", R"("question": "any bus?")");
  {
    const Folder folder(asked + line("2", "train", R"({"lidar": "b.bin"})"));
    const SampleReport report = check_samples(folder.path());
    REQUIRE(report.remarks.size() == 1);
    CHECK(report.remarks[0].find(
              "1 questions have no answer, though others have one (the first in line 1)") == 0);
  }
  const Folder folder(asked);
  const SampleReport report = check_samples(folder.path());
  CHECK(report.problems.empty());
  REQUIRE(report.remarks.size() == 1);
  CHECK(report.remarks[0].find("only to teach from") != std::string::npos);
}

TEST_CASE("the same content in two splits leaks, in one split it does not") {
  const auto with = [](const std::string& second) {
    const Folder folder(line("1", "train", R"({"lidar": "a.bin"})") +
                        line("2", second, R"({"lidar": "b.bin"})"));
    CHECK(check_samples(folder.path()).problems.empty());
    return check_samples(folder.path(), FileCheck::Decodes).problems_text();
  };
  CHECK(with("train").empty());
  CHECK(with("test").find("b.bin leaks: split test has the very bytes of") != std::string::npos);
}

TEST_CASE("arrays that are not finite are found when files are decoded") {
  const Folder folder(line("1", "train", R"({"imu": "x.npy"})"));
  const auto write = [&](float value) {
    const std::vector<float> values{1, value};
    const auto bytes = encode_npy(values, {1, 2});
    test::write_file(folder / "x.npy", {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    return check_samples(folder.path(), FileCheck::Decodes).problems_text();
  };
  CHECK(write(2).empty());
  CHECK(write(std::nanf("")).find("element 1 is not finite") != std::string::npos);
}

TEST_CASE("tables that are not finite are found when files are decoded") {
  const Folder folder(line("1", "train", R"({"imu": "x.csv"})"));
  const auto with = [&](const std::string& text) {
    test::write_file(folder / "x.csv", text);
    return check_samples(folder.path(), FileCheck::Decodes).problems_text();
  };
  CHECK(with("x,label\n1,walk\n2,sit\n").empty());
  CHECK(with("x,label\n1,walk\nnan,sit\n").find("x.csv:3: 'nan' in column 'x'") != std::string::npos);
  CHECK(with("x,label\ninf,walk\n2,sit\n").find("x.csv:2: 'inf' in column 'x'") != std::string::npos);
}

TEST_CASE("checking can be watched and stopped") {
  const Folder folder(line("1", "train", R"({"lidar": "a.bin"})"));
  const auto thrown = test::thrown_by([&] {
    check_samples(folder.path(), FileCheck::Exists, [](std::int64_t done, std::int64_t total) {
      CHECK(done == 0);
      CHECK(total == 1);
      fail(Errc::Cancelled, "test", "stopped");
    });
  });
  CHECK(thrown.code == Errc::Cancelled);
}

TEST_CASE("files are decoded on request") {
  const Folder folder(line("1", "train", R"({"camera": "bad.jpg", "lidar": "a.bin"})"));
  test::write_file(folder / "bad.jpg", "\xFF\xD8\xFF");
  test::write_file(folder / "a.bin", "123");
  CHECK(check_samples(folder.path()).problems.empty());
  CHECK(check_samples(folder.path(), FileCheck::Decodes).problems.size() == 2);
}

TEST_CASE("damaged lists cost problems and nothing else") {
  const std::string good = line("1", "train", R"({"lidar": "a.bin", "camera": ["b.bin", "c.bin"]})");
  const test::TemporaryFolder folder;
  test::check_flips(test::to_bytes(good + good), [&](std::span<const std::byte> bytes) {
    test::write_file(folder / "samples.jsonl", {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    check_samples(folder.path());
  });
}
