#include "host/new/new_project.hpp"

#include "core/base/file.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"

using namespace lateral;
using host::NewProject;
using host::write_project;
using test::thrown_by;

namespace {

namespace fs = std::filesystem;

NewProject project_in(const fs::path& folder) {
  return {"my_radar", "cpp", folder, test::repository() / "plugin_api/templates"};
}

}  // namespace

TEST_CASE("a name that cannot be a plugin's id is refused before anything is written") {
  const test::TemporaryFolder folder;
  for (const char* const name :
       {"", "Radar", "9lives", "_x", "a-b", "../x", "a b", "äh", "a_name_of_thirty_two_characters__"}) {
    auto project = project_in(folder / "new");
    project.name = name;
    CHECK(thrown_by([&] { write_project(project); }).code == Errc::InvalidArgument);
  }
  CHECK_FALSE(fs::exists(folder / "new"));
}

TEST_CASE("a language without a template is refused, naming those that have one") {
  const test::TemporaryFolder folder;
  auto project = project_in(folder / "new");
  project.language = "go";
  const auto error = thrown_by([&] { write_project(project); });
  CHECK(error.code == Errc::InvalidArgument);
  CHECK(error.mentions("c, cpp and rust"));
}

TEST_CASE("a folder that holds something is left alone") {
  const test::TemporaryFolder folder;
  test::write_file(folder / "mine", "precious");
  CHECK(thrown_by([&] { write_project(project_in(folder.path())); }).code == Errc::FailedPrecondition);
  CHECK(read_text(folder / "mine", 100) == "precious");
  CHECK(thrown_by([&] { write_project(project_in(folder / "mine")); }).code == Errc::FailedPrecondition);
}

TEST_CASE("templates that are not installed are said to be missing") {
  const test::TemporaryFolder folder;
  auto project = project_in(folder / "new");
  project.templates = folder / "nowhere";
  CHECK(thrown_by([&] { write_project(project); }).code == Errc::NotFound);
}

TEST_CASE("no placeholder is left in any file, and its own CI is there") {
  for (const auto language : host::kPluginLanguages) {
    const test::TemporaryFolder folder;
    auto project = project_in(folder / "new");
    project.language = language;
    const auto files = write_project(project);
    CHECK(files.size() >= 6);
    for (const auto& file : files) {
      CAPTURE(file);
      CHECK(read_text(file, 1U << 20U).find('@' + std::string("NAME")) == std::string::npos);
      CHECK(file.string().find('@') == std::string::npos);
    }
    CHECK(fs::exists(folder / "new/.github/workflows/check.yml"));
    CHECK((fs::status(folder / "new/ci.sh").permissions() & fs::perms::owner_exec) != fs::perms::none);
  }
}
