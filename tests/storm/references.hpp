#pragma once
// What a quiet host says to everything that a storm can make an answer see.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/format/json.hpp"
#include "tests/storm/ledger.hpp"
#include "tests/storm/stage.hpp"

namespace lateral::storm {

/// What an answer said, to be compared bit for bit.
struct Said {
  std::vector<std::int64_t> ids;
  std::string logits;

  explicit Said(const format::json::Value& answer);
  bool operator==(const Said&) const = default;
};

/// The fact of a ledger that says what a sense sees, and the one that says which revision of it is loaded.
std::string input_fact(const std::string& sense);
std::string version_fact(const std::string& sense);

class References {
 public:
  /// Starts a host and asks it everything. Throws std::runtime_error when that fails. `stage` must outlive this.
  explicit References(const Stage& stage);

  std::size_t size() const { return answers_.size(); }
  /// By revision, as files are in Sense::revisions.
  const std::vector<std::string>& versions(const std::string& sense) const { return versions_.at(sense); }

  enum class Verdict { One, Several, Wrong };
  /// `since`: what may have been in force while the answer was made. One: nothing but this answer could be given.
  Verdict judge(const format::json::Value& answer, const Ledger& ledger, const Ledger::Moment& since) const;

 private:
  class Quiet;
  const Stage& stage_;
  std::map<std::string, Said>
      answers_;  ///< by question, and by sense, version and input of each that takes part
  std::map<std::string, std::vector<std::string>> versions_;
};

}  // namespace lateral::storm
