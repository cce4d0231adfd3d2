// AOTInductor packages wherever a plugin may run.
#include "../../core/plugin/fixtures.hpp"
#include "core/base/file.hpp"
#include "core/format/zip.hpp"
#include "loading.hpp"
#include "plugins/torch_module/package_folder.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/zip.hpp"

using namespace lateral;
using Catch::Contains;
using plugin::InputKind;

namespace {

using Numbers = std::vector<std::int64_t>;
constexpr const char* kModel = "data/aotinductor/model/abc.wrapper";

std::string about(const std::string& device = "cpu", const std::string& machine = "",
                  const std::string& isa = "") {
  return "{\"AOTI_DEVICE_KEY\": \"" + device + "\", \"AOTI_MACHINE\": \"" + machine +
         "\", \"AOTI_CPU_ISA\": \"" + isa + "\"}";
}

std::string library() {
  return read_text(test::build_folder() / "fixtures/compiled_model.so", 1U << 24U);
}

/// A package in a folder of its own.
class Package {
 public:
  explicit Package(const std::string& metadata = about(), const std::vector<test::ZipFile>& more = {}) {
    std::vector<test::ZipFile> files{{std::string(kModel) + ".so", library()},
                                     {std::string(kModel) + "_metadata.json", metadata},
                                     {"archive_format", "pt2"}};
    files.insert(files.end(), more.begin(), more.end());
    test::write_file(path(), test::zip_of(files));
  }
  std::filesystem::path path() const { return folder_ / "model.pt2"; }
  std::filesystem::path unpacked() const {
    const auto folder = folder_ / "unpacked";
    std::filesystem::create_directory(folder);
    format::unpack_zip(path(), plugins::kPackagePrefix, folder);
    return folder;
  }

 private:
  test::TemporaryFolder folder_;
};

plugin::OptionMap options_for(const std::filesystem::path& file) {
  return {{"file", file.string()},
          {"inputs", std::string("rows")},
          {"input.rows.kind", std::string("table")},
          {"input.rows.columns", std::string("a, b, c")},
          {"output.tokens.shape", Numbers{-1, 3}},
          {"max_tokens", std::int64_t{1000}}};
}

/// TMPDIR is a folder of this test's own meanwhile, so that what is left there is seen.
class OwnPlace {
 public:
  OwnPlace() { ::setenv("TMPDIR", folder_.path().c_str(), 1); }
  ~OwnPlace() { ::unsetenv("TMPDIR"); }
  bool empty() const { return std::filesystem::is_empty(folder_.path()); }

 private:
  test::TemporaryFolder folder_;
};

std::string refusal(const Package& package) {
  const auto [code, message] =
      test::failure_of([&] { test::Loaded module(test::thread_with(options_for(package.path()))); });
  CHECK(message.find('\n') == message.npos);
  return message;
}

}  // namespace

TEST_CASE(
    "a package is the same in a thread, in a process and in a sandbox, and so is the folder it is unpacked "
    "to") {
  const Package package;
  const auto folder = package.unpacked();
  const OwnPlace place;
  const auto rows = at::arange(15, at::kFloat).view({5, 3});
  std::set<std::string> spaces;
  for (const auto& file : {package.path(), folder}) {
    const auto options = options_for(file);
    for (const auto& where :
         {test::thread_with(options), test::process_with(options), test::process_with(options, true)}) {
      test::Loaded module(where);
      const auto tokens = module.encode({test::input_of("rows", InputKind::Table, rows)});
      CHECK(at::equal(test::as_tensor(tokens.tokens), rows * 2));
      spaces.insert(module.spec().token_space);
      module.unload();
      CHECK(place.empty());
    }
  }
  CHECK(spaces.size() == 1);
}

TEST_CASE(
    "a package in a sandbox may be relative to the plugin's folder, and is unpacked again when its worker "
    "restarts") {
  const Package package;
  const OwnPlace place;
  auto options = options_for(package.path());
  options["file"] = std::filesystem::relative(package.path(), test::build_folder() / "lib/lateral").string();
  {
    const test::Loaded module(test::process_with(options, true));
    CHECK_FALSE(place.empty());  // as long as encoders may be made
  }
  CHECK(place.empty());
  const test::Loaded again(test::process_with(options, true));
  CHECK(again.spec().token_width == 3);
}

TEST_CASE("the token space of a package follows its files and the declarations") {
  const auto space = [](const Package& package) {
    return test::Loaded(test::thread_with(options_for(package.path()))).spec().token_space;
  };
  const Package one, same, other(about(), {{std::string(kModel) + ".json", "{\"nodes\": []}"}});
  CHECK(space(one) == space(same));
  CHECK(space(one) != space(other));
}

TEST_CASE("packages that cannot run here are refused with what to do") {
  CHECK_THAT(refusal(Package(about("cuda"))), Contains("compiled for the device \"cuda\""));
  CHECK_THAT(refusal(Package(about("cpu", "sparc"))), Contains("compiled for sparc, this is"));
  CHECK_THAT(refusal(Package("not JSON")), Contains("abc.wrapper_metadata.json"));
  CHECK_THAT(refusal(Package(about(), {{std::string(kModel) + "2.so", "x"}})),
             Contains("more than one library"));
  CHECK_THAT(refusal(Package(about(), {{"data/aotinductor/model/../../x", "x"}})),
             Contains("no name of a file"));
  CHECK_THAT(refusal(Package(about(), {{std::string(kModel) + ".bin", "x", 8}})), Contains("compressed"));
  const Package sources;
  test::write_file(sources.path(), test::zip_of({{std::string(kModel) + ".cpp", "int main() {}"}}));
  CHECK_THAT(refusal(sources), Contains("no compiled library"));
  test::write_file(sources.path(), test::zip_of({{"data/aotinductor/other/x.so", "x"}}));
  CHECK_THAT(refusal(sources), Contains("no model named \"model\""));
}

TEST_CASE("a damaged package in a sandbox is told as in a thread") {
  const Package package;
  auto bytes = read_text(package.path(), 1U << 24U);
  bytes[1000] = static_cast<char>(bytes[1000] ^ 1);
  test::write_file(package.path(), bytes);
  for (const auto& where :
       {test::thread_with(options_for(package.path())), test::process_with(options_for(package.path())),
        test::process_with(options_for(package.path()), true)}) {
    const auto [code, message] = test::failure_of([&] { test::Loaded module(where); });
    CHECK(code == Errc::Corrupt);
    CHECK_THAT(message, Contains("checksum"));
  }
}
