#pragma once
// The table of the bad-plugin corpus, as far as a live host is concerned (tests/corpus/cases.txt).

#include <filesystem>
#include <string>
#include <vector>

namespace lateral::test {

struct CorpusCase {
  std::string name, made;
  std::string in_process, in_thread;  ///< what the host must say; "-": not to be tried

  const std::string& expected(const std::string& isolation) const {
    return isolation == "process" ? in_process : in_thread;
  }
  bool allows(const std::string& verdict, const std::string& isolation) const {
    const auto& one = expected(isolation);
    return verdict == one || (one == "fails" && (verdict == "encode-fails" || verdict == "quarantined"));
  }
  bool is_cpp() const { return made.starts_with("cxx") || made.starts_with("bare"); }
  bool is_rust() const { return made.starts_with("rust"); }
};

/// Those that were built: without the Rust cases where there is no rustc.
std::vector<CorpusCase> corpus_cases();

/// How many of the table were not.
long corpus_cases_left_out();

/// For this process and those it starts: what Rust prints of a panic maps the library's file once more, and keeps it.
void forbid_rust_backtraces();

/// The case as a file; those that are no files of the build are made in `folder`.
std::filesystem::path corpus_file(const CorpusCase& wanted, const std::filesystem::path& folder);

}  // namespace lateral::test
