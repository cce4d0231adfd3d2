#pragma once
// What a storm plays on: a small model, five senses with adapters and things to see, of which two are instances of one
// library, and the bad plugins of the corpus.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/core/runtime/tiny_world.hpp"

namespace lateral::storm {

inline const std::vector<std::string> kQuestions{"what is here", "name the thing"};

struct Sense {
  std::string id;
  std::string library;  ///< that it is an instance of
  std::string isolation;
  std::vector<std::string> inputs;               ///< words behind "/input ID"
  std::vector<std::filesystem::path> revisions;  ///< files to upgrade to; the first is what /load finds
};

/// A plugin that is never seen in an answer: it is refused, its encodes fail, or it dies.
struct Bad {
  std::string id;
  std::filesystem::path file;
  std::string input;
};

class Stage {
 public:
  /// An even seed has camera and lidar in processes and the others in threads, an odd one the other way round.
  explicit Stage(std::uint64_t seed);

  /// For `lateral run -c`.
  const std::filesystem::path& config() const { return config_; }
  std::filesystem::path control() const { return world_ / "control"; }
  std::filesystem::path log() const { return world_ / "host.log"; }
  const std::vector<Sense>& senses() const { return senses_; }
  const std::vector<Bad>& bad() const { return bad_; }

 private:
  void add_sense(const Sense& sense, const test::AdapterPlan& adapter);
  void add_bundled(const std::string& id, const std::string& isolation, std::vector<std::string> inputs);
  void add_corpus(const std::string& isolation);
  std::string pictures(int scene) const;
  std::string sweep(int scene) const;

  test::TinyWorld world_;
  std::vector<Sense> senses_;
  std::vector<Bad> bad_;
  std::string text_;
  std::filesystem::path config_;
};

}  // namespace lateral::storm
