#pragma once
// What the lines of samples.jsonl say together: moments that contradict themselves, questions asked twice,
// files of two moments, inputs that change their kind. Internal to core/format.

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/format/sample_set.hpp"

namespace lateral::format::detail {

class CrossCheck {
 public:
  explicit CrossCheck(std::vector<SampleProblem>& problems) : problems_(problems) {}

  /// Lines in their order.
  void add(const Sample& sample);
  /// After the last: what only all lines together tell. Gives remarks.
  std::vector<std::string> finish();

 private:
  using Paths = std::vector<std::filesystem::path>;
  struct First {
    std::string value;
    int line;
  };

  template <typename... Parts>
  void report(int line, const Parts&... parts);
  void check_split(const Sample& sample);
  void check_has_inputs(const Sample& sample);
  void check_input(const Sample& sample, const std::string& input, const Paths& paths);
  void check_same_files(const Sample& sample, const std::string& input, const Paths& paths);
  void check_one_owner(const Sample& sample, const std::filesystem::path& path);
  void check_question(const Sample& sample);

  std::vector<SampleProblem>& problems_;
  std::map<std::string, First> splits_;
  std::map<std::pair<std::string, std::string>, std::pair<const Paths*, int>> files_;
  std::map<std::string, First> owners_;
  std::map<std::pair<std::string, std::string>, First> questions_;
  std::map<std::string, First> kinds_;
  std::map<std::string, std::pair<std::size_t, int>> views_;
  std::vector<int> unanswered_;  // lines
  bool answers_ = false;
};

}  // namespace lateral::format::detail
