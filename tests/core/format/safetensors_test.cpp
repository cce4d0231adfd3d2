#include "core/format/safetensors.hpp"

#include <array>

#include "core/base/random.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"

using namespace lateral;
using namespace lateral::format;
using test::TemporaryFolder;
using test::thrown_by;

namespace {

std::string file_with(std::string_view header, std::size_t data_bytes) {
  std::string file;
  for (int i = 0; i < 8; ++i) file += static_cast<char>((header.size() >> (8 * i)) & 0xFF);
  return file + std::string(header) + std::string(data_bytes, '\1');
}

test::Thrown opening(std::string_view content) {
  const TemporaryFolder folder;
  test::write_file(folder / "a.safetensors", content);
  return thrown_by([&] { SafetensorsFile(folder / "a.safetensors"); });
}

TensorView view(std::string name, Dtype dtype, std::vector<std::int64_t> shape, const std::string& bytes) {
  return {std::move(name), dtype, std::move(shape), std::as_bytes(std::span(bytes))};
}

std::string small_file(const TemporaryFolder& folder) {
  const std::string four(16, 'x'), pair(2, 'y');
  const std::array tensors{view("b", Dtype::U8, {2}, pair), view("a", Dtype::F32, {2, 2}, four),
                           view("none", Dtype::F16, {0, 3}, "")};
  write_safetensors(folder / "small", tensors, {{"method", "late-kv"}});
  return read_text(folder / "small", 1000);
}

}  // namespace

TEST_CASE("a safetensors file cut at any byte is Corrupt") {
  const TemporaryFolder folder;
  const auto whole = small_file(folder);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    INFO(size);
    CHECK(opening(whole.substr(0, size)).code == Errc::Corrupt);
  }
  CHECK(opening(whole + "x").mentions("end at byte 18 of 19"));
}

TEST_CASE("each lie in a header is named") {
  const auto tensor = [](std::string_view dtype, std::string_view shape, std::string_view offsets) {
    return lateral::detail::concat(R"({"t":{"dtype":")", dtype, R"(","shape":)", shape, R"(,"data_offsets":)",
                                   offsets, "}}");
  };
  CHECK(opening(file_with(tensor("F32", "[1]", "[0,4]"), 3)).mentions("bytes 0 to 4 of 3"));
  CHECK(opening(file_with(tensor("F32", "[1]", "[4,0]"), 4)).mentions("bytes 4 to 0"));
  CHECK(opening(file_with(tensor("F32", "[1]", "[4,8]"), 8)).mentions("begins at byte 4 where 0"));
  CHECK(opening(file_with(tensor("F32", "[2]", "[0,4]"), 4)).mentions("shape and dtype need 8"));
  CHECK(opening(file_with(tensor("F32", "[-1]", "[0,4]"), 4)).mentions("at least 0, found -1"));
  CHECK(opening(file_with(tensor("F32", "[1.0]", "[0,4]"), 4)).mentions("$.t.shape[0]"));
  CHECK(opening(file_with(tensor("F32", "[4294967296,4294967296]", "[0,4]"), 4)).mentions("64 bits"));
  CHECK(opening(file_with(tensor("F32", "[9223372036854775807,2]", "[0,4]"), 4)).mentions("64 bits"));
  CHECK(opening(file_with(tensor("F32", "{}", "[0,4]"), 4)).mentions("an array of sizes"));
  CHECK(opening(file_with(tensor("F32", "[1]", "[0,4,4]"), 4)).mentions("[begin, end]"));
  CHECK(opening(file_with(tensor("F32", "[1]", "[0,18446744073709551615]"), 4)).code == Errc::Corrupt);
  const auto odd = opening(file_with(tensor("F8_E4M3", "[1]", "[0,1]"), 1));
  CHECK(odd.code == Errc::Unsupported);
  CHECK(odd.mentions("F8_E4M3"));
  CHECK(opening(file_with("[]", 0)).mentions("no JSON object"));
  CHECK(opening(file_with(" {}", 0)).mentions("no JSON object"));
  CHECK(opening(file_with(R"({"__metadata__":{"a":1}})", 0)).mentions("$.__metadata__.a"));
  CHECK(opening(file_with(R"({"t":{"dtype":"U8","shape":[1]}})", 1)).mentions("data_offsets"));
  CHECK(opening(file_with(R"({"t":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"x":1}})", 1))
            .mentions("\"x\""));
}

TEST_CASE("tensors may not overlap, leave gaps or share a name") {
  const auto two = [](std::string_view a, std::string_view b, std::string_view second = "b") {
    return lateral::detail::concat(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":)", a, R"(},")", second,
                                   R"(":{"dtype":"U8","shape":[2],"data_offsets":)", b, "}}");
  };
  CHECK(opening(file_with(two("[0,2]", "[1,3]"), 3)).mentions("begins at byte 1 where 2"));
  CHECK(opening(file_with(two("[0,2]", "[3,5]"), 5)).mentions("begins at byte 3 where 2"));
  CHECK(opening(file_with(two("[0,2]", "[0,2]"), 2)).code == Errc::Corrupt);
  CHECK(opening(file_with(two("[0,2]", "[2,4]", "a"), 4)).mentions("twice"));
}

TEST_CASE("hostile header lengths and nesting cost nothing") {
  CHECK(opening(std::string(8, '\xff')).mentions("at most 100000000"));
  CHECK(opening(std::string("\x00\xe1\xf5\x05\0\0\0\0", 8) + "{}").mentions("in a file of 10"));
  CHECK(opening(file_with("{\"a\":" + std::string(500'000, '['), 0)).code == Errc::ResourceExhausted);
}

TEST_CASE("what was written reads back, in the same bytes every time") {
  const TemporaryFolder folder;
  const auto first = small_file(folder);
  CHECK(first == small_file(folder));
  const SafetensorsFile file(folder / "small");
  REQUIRE(file.tensors().size() == 3);
  CHECK(file.tensors()[0].name == "a");
  CHECK(file.at("a").shape == std::vector<std::int64_t>{2, 2});
  CHECK(file.at("a").aligned());
  CHECK(static_cast<char>(file.at("b").bytes[1]) == 'y');
  CHECK(file.at("none").bytes.empty());
  CHECK(file.metadata() == Metadata{{"method", "late-kv"}});
  CHECK(file.find("c") == nullptr);
  CHECK(thrown_by([&] { file.at("c"); }).code == Errc::NotFound);
}

TEST_CASE("bytes stay mapped for whoever keeps the mapping") {
  const TemporaryFolder folder;
  small_file(folder);
  std::shared_ptr<const MappedFile> mapping;
  std::span<const std::byte> bytes;
  {
    const SafetensorsFile file(folder / "small");
    mapping = file.mapping();
    bytes = file.at("a").bytes;
  }
  CHECK(static_cast<char>(bytes[15]) == 'x');
}

TEST_CASE("the writer refuses what the reader would") {
  const TemporaryFolder folder;
  const std::string four(4, 'x');
  const auto writing = [&](std::vector<TensorView> tensors) {
    return thrown_by([&] { write_safetensors(folder / "x", tensors); });
  };
  CHECK(writing({view("a", Dtype::F32, {2}, four)}).code == Errc::InvalidArgument);
  CHECK(writing({view("a", Dtype::F32, {-1}, four)}).code == Errc::InvalidArgument);
  CHECK(writing({view("__metadata__", Dtype::F32, {1}, four)}).code == Errc::InvalidArgument);
  CHECK(writing({view("a", Dtype::F32, {1}, four), view("a", Dtype::U8, {4}, four)}).mentions("two tensors"));
  CHECK_FALSE(std::filesystem::exists(folder / "x"));
}

TEST_CASE("a sharded folder holds exactly what its index says") {
  const TemporaryFolder folder;
  const std::string four(4, 'x');
  write_safetensors(folder / "s1.safetensors", std::array{view("a", Dtype::F32, {1}, four)});
  write_safetensors(folder / "s2.safetensors",
                    std::array{view("b", Dtype::F32, {1}, four), view("c", Dtype::F32, {1}, four)});
  const auto with_map = [&](std::string_view map) {
    test::write_file(folder / "model.safetensors.index.json",
                     lateral::detail::concat(R"({"metadata": {"total_size": 12}, "weight_map": )", map, "}"));
  };
  const auto opening_folder = [&] { return thrown_by([&] { SafetensorsFolder(folder.path()); }); };

  with_map(R"({"a": "s1.safetensors", "c": "s2.safetensors", "b": "s2.safetensors"})");
  const SafetensorsFolder whole(folder.path());
  CHECK(whole.tensors().size() == 3);
  CHECK(whole.at("c").name == "c");
  CHECK(whole.file_of("b").path().filename() == "s2.safetensors");
  CHECK(thrown_by([&] { whole.at("d"); }).code == Errc::NotFound);

  with_map(R"({"a": "s1.safetensors", "b": "s2.safetensors"})");
  CHECK(opening_folder().mentions("\"c\" is missing from"));
  with_map(R"({"a": "s2.safetensors"})");
  CHECK(opening_folder().mentions("holds no such tensor"));
  with_map(R"({"a": "s3.safetensors"})");
  CHECK(opening_folder().code == Errc::NotFound);
  for (const auto* path : {"../s1.safetensors", "/etc/s1.safetensors", "x/s1.safetensors", "..", "", "s1.bin",
                           "\\u0000.safetensors", ".safetensors"}) {
    with_map(lateral::detail::concat(R"({"a": ")", path, "\"}"));
    CHECK(opening_folder().mentions("in the same folder"));
  }
}

TEST_CASE("a single file counts, whatever an older save of shards left beside it") {
  const TemporaryFolder folder;
  const std::string four(4, 'x');
  test::write_file(folder / "model.safetensors.index.json", R"({"weight_map": {"a": "s1.safetensors"}})");
  write_safetensors(folder / "model.safetensors", std::array{view("new", Dtype::F32, {1}, four)});
  CHECK(SafetensorsFolder(folder.path()).find("new") != nullptr);
  write_safetensors(folder / "s1.safetensors", std::array{view("a", Dtype::F32, {1}, four)});
  CHECK(SafetensorsFolder(folder.path()).find("a") == nullptr);
}

TEST_CASE("a folder without weights is NotFound") {
  const TemporaryFolder folder;
  CHECK(thrown_by([&] { SafetensorsFolder(folder.path()); }).code == Errc::NotFound);
}

TEST_CASE("random changes of a file never do worse than throw") {
  const TemporaryFolder folder;
  const auto good = small_file(folder);
  Random random(8);
  for (int i = 0; i < 3000; ++i) {
    auto file = good;
    for (int j = random.between(1, 3); j > 0; --j)
      file[random.below(file.size())] = static_cast<char>(random.next());
    test::write_file(folder / "changed", file);
    try {
      SafetensorsFile(folder / "changed").tensors();
    } catch (const Error&) {
    }
  }
}

TEST_CASE("the files of other writers open, with every tensor in place") {
  const auto folder = test::real_data("llm_stories260k/hf");
  if (!folder) return;
  const SafetensorsFolder weights(*folder);
  CHECK(weights.at("model.embed_tokens.weight").shape == std::vector<std::int64_t>{512, 64});
  std::size_t bytes = 0;
  for (const auto* tensor : weights.tensors()) bytes += tensor->bytes.size();
  CHECK(bytes < std::filesystem::file_size(*folder / "model.safetensors"));
  for (const auto* name :
       {"weights/honk_res8/res8.safetensors", "weights/limu_bert/limu_bert_motion.safetensors",
        "audio_fixtures/whisper_mel_filters.safetensors"}) {
    const auto path = test::real_data(name);
    if (path) CHECK_FALSE(SafetensorsFile(*path).tensors().empty());
  }
}
