#pragma once
// What an import gathers before samples.jsonl is written: moments, and the questions about them.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace lateral::dataset {

struct Moment {
  std::string id;
  std::string split;  ///< "train", "val" or "test"
  std::map<std::string, std::vector<std::filesystem::path>> inputs;
};

/// What an import made, and what it left out and why.
struct ImportReport {
  struct LeftOut {
    std::int64_t count = 0;
    std::string example;
  };
  std::filesystem::path file;  ///< DIR/samples.jsonl
  std::int64_t moments = 0, questions = 0;
  std::map<std::string, std::int64_t> moments_by_split, questions_by_split, questions_by_type;
  std::map<std::string, LeftOut> left_out;  ///< by reason
};

/// To be asked before an import writes its first file. Throws FailedPrecondition when DIR/samples.jsonl is there
/// and `replace` is false.
void require_replaceable(const std::filesystem::path& folder, bool replace);

class Collection {
 public:
  using Index = std::size_t;

  /// Throws Corrupt when a moment of this id is there already.
  Index add(Moment moment);
  /// The moment of this id. Throws InvalidArgument when there is none.
  Index find(std::string_view id) const;
  bool has(std::string_view id) const { return by_id_.contains(std::string(id)); }

  /// Asks about a moment. Asked again with the same answer it is kept once; with another answer neither can
  /// be trusted, and both are left out.
  void ask(Index moment, std::string question, std::string answer, std::string type);

  /// Notes one thing that will not be in the list.
  void leave_out(const std::string& why, std::string_view example);

  const std::vector<Moment>& moments() const { return moments_; }
  bool empty() const { return moments_.empty(); }

  /// DIR/samples.jsonl, in one step: the moments in the order they came, each with its questions; a moment
  /// without questions has one line. Files below DIR are named relative to it, all others by their absolute
  /// path. Throws as require_replaceable(), Io, and NotFound when there is nothing to write, with what was left
  /// out.
  ImportReport write(const std::filesystem::path& folder, bool replace) const;

 private:
  struct Question {
    std::string answer, type;
    bool contradicted = false;
  };

  std::vector<Moment> moments_;
  std::unordered_map<std::string, Index> by_id_;
  std::vector<std::vector<std::string>> order_;  // of the questions of each moment
  std::vector<std::unordered_map<std::string, Question>> questions_;
  std::map<std::string, ImportReport::LeftOut> left_out_;
};

}  // namespace lateral::dataset
