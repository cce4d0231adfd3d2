#include "tests/core/runtime/corpus_cases.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/support/files.hpp"

namespace lateral::test {
namespace {

namespace fs = std::filesystem;

fs::path built(const std::string& name) {
  return build_folder() / "tests/corpus/plugins" / (name + ".lateral.so");
}

/// The good plugin in a place or beside a manifest that is not in order.
void place_good(const std::string& name, const fs::path& file) {
  const auto with_manifest = [&](const std::string& text) {
    write_file(fs::path(file).replace_extension(".toml"), text);
  };
  fs::copy_file(built("good"), file);
  if (name == "writable_file") fs::permissions(file, fs::perms::others_write, fs::perm_options::add);
  if (name == "writable_folder")
    fs::permissions(file.parent_path(), fs::perms::others_write, fs::perm_options::add);
  if (name == "manifest_other_hash") with_manifest("sha256 = \"" + std::string(64, '0') + "\"\n");
  if (name == "manifest_other_id") with_manifest("id = \"other\"\nversion = \"1.0.0\"\nabi = \"1.0\"\n");
  if (name == "manifest_broken") with_manifest("id = \"good\nversion\n");
}

std::vector<CorpusCase> whole_table() {
  std::vector<CorpusCase> cases;
  std::ifstream table(repository() / "tests/corpus/cases.txt");
  for (std::string line; std::getline(table, line);) {
    if (line.empty() || line.front() == '#') continue;
    std::istringstream words(line);
    CorpusCase one;
    std::string test, verdict;
    words >> one.name >> one.made >> test >> verdict >> one.in_process >> one.in_thread;
    cases.push_back(one);
  }
  return cases;
}

bool was_built(const CorpusCase& one) {
  return LATERAL_CORPUS_RUST || !one.is_rust();
}

}  // namespace

std::vector<CorpusCase> corpus_cases() {
  auto cases = whole_table();
  std::erase_if(cases, [](const CorpusCase& one) { return !was_built(one); });
  return cases;
}

long corpus_cases_left_out() {
  const auto cases = whole_table();
  return std::count_if(cases.begin(), cases.end(), [](const CorpusCase& one) { return !was_built(one); });
}

void forbid_rust_backtraces() {
  ::setenv("RUST_BACKTRACE", "0", 1);
}

fs::path corpus_file(const CorpusCase& wanted, const fs::path& folder) {
  if (wanted.made == "program") return build_folder() / "bin/corpus_damage";
  if (wanted.made != "file") return built(wanted.name);
  const auto file = folder / wanted.name / (wanted.name + ".lateral.so");
  fs::create_directories(file.parent_path());
  if (wanted.name == "folder") {
    fs::create_directory(file);
  } else if (wanted.name == "pipe") {
    ::mkfifo(file.c_str(), 0600);
  } else if (wanted.name == "link_loop") {
    fs::create_symlink(file.filename(), file);
  } else if (wanted.name == "link_to_nothing") {
    fs::create_symlink("nowhere", file);
  } else {
    place_good(wanted.name, file);
  }
  return file;
}

}  // namespace lateral::test
