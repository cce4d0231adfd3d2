// A stranger's way: the API is installed, a project is made from what was installed, built, and checked.
#include <cstdlib>
#include <fstream>
#include <iostream>

#include "core/base/file.hpp"
#include "host/new/new_project.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"

using namespace lateral;
using host::write_project;

namespace {

namespace fs = std::filesystem;

/// Runs a command, with its output in a file that a failure shows.
void run(const std::string& command, const fs::path& log) {
  const int status = std::system((command + " > '" + log.string() + "' 2>&1").c_str());
  if (status == 0) return;
  std::ifstream text(log);
  FAIL(command << "\n" << std::string(std::istreambuf_iterator<char>(text), {}));
}

bool have(const std::string& program) {
  return std::system(("command -v " + program + " > /dev/null 2>&1").c_str()) == 0;
}

/// The plugin API in a prefix of its own, without libtorch.
void install_api(const test::TemporaryFolder& folder) {
  const auto log = folder / "log";
  run("cmake -S '" + test::repository().string() + "' -B '" + (folder / "api").string() +
          "' -DLATERAL_PLUGIN_API_ONLY=ON -DCMAKE_DISABLE_FIND_PACKAGE_LibTorch=ON -DCMAKE_INSTALL_PREFIX='" +
          (folder / "prefix").string() + "'",
      log);
  run("cmake --install '" + (folder / "api").string() + "' --component plugin", log);
}

void make_build_check(const std::string& language) {
  const test::TemporaryFolder folder;
  install_api(folder);
  write_project({"my_radar", language, folder / "project", folder / "prefix/share/lateral/templates"});
  const auto build = (folder / "project/build").string();
  const auto log = folder / "log";
  run("cmake -S '" + (folder / "project").string() + "' -B '" + build + "' -DCMAKE_PREFIX_PATH='" +
          (folder / "prefix").string() + "' -DREQUIRE_CHECK=ON -DLATERAL_CHECK='" +
          (test::build_folder() / "bin/lateral-check").string() + "'",
      log);
  run("cmake --build '" + build + "'", log);
  run("ctest --test-dir '" + build + "' --output-on-failure", log);
  CHECK(fs::exists(fs::path(build) / "lib/lateral/my_radar.lateral.so"));
  // The checker compares it with the library, its note and what runs.
  CHECK(read_text(fs::path(build) / "lib/lateral/my_radar.lateral.toml", 1U << 16U).find("sha256 = ") !=
        std::string::npos);
}

}  // namespace

TEST_CASE("a new C project builds out of tree and passes the checker") {
  make_build_check("c");
}

TEST_CASE("a new C++ project builds out of tree and passes the checker") {
  make_build_check("cpp");
}

TEST_CASE("a new Rust project builds out of tree and passes the checker") {
  if (!have("cargo") || !have("rustc")) {
    std::cout << "skipped, no rustc\n";
    return;
  }
  make_build_check("rust");
}
