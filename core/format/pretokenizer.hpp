#pragma once
// The "pre_tokenizer" of a tokenizer.json: cuts text into the words that merges never cross.

#include <string>
#include <variant>
#include <vector>

#include "core/format/json.hpp"
#include "core/format/regex.hpp"

namespace lateral::format {

class Pretokenizer {
 public:
  /// Leaves text whole.
  Pretokenizer() = default;
  /// Reads ByteLevel, Metaspace, Split, Digits and Sequence. Throws Unsupported naming any other.
  explicit Pretokenizer(const json::Value& value) { add(value); }
  /// GPT-2's: words by its pattern, in the byte alphabet; before that, if asked, every digit cut off
  /// on its own.
  static Pretokenizer byte_level(bool add_prefix_space, bool split_digits = false);

  /// None of the words is empty. `at_start`: the text begins where the whole input begins.
  std::vector<std::string> split(std::string text, bool at_start) const;

 private:
  struct Piece {
    std::string text;
    bool at_start;
  };
  using Pieces = std::vector<Piece>;

  /// What becomes of the matches of a pattern.
  enum class Behavior { Removed, Isolated, MergedWithPrevious, MergedWithNext, Contiguous };
  struct Split {
    std::variant<std::string, Regex> pattern;
    Behavior behavior;
    bool invert;
  };
  struct ByteLevel {
    bool add_prefix_space;
    std::vector<Split> words;  ///< one, or none when the words were cut before
  };
  struct Metaspace {
    enum class Prepend { Always, First, Never };
    std::string replacement;
    Prepend prepend;
    bool split;
  };
  using Step = std::variant<Split, ByteLevel, Metaspace>;

  void add(const json::Value& value);
  static Split digits(bool individual);
  static Split split_from(const json::Value& value);
  static Metaspace metaspace_from(const json::Value& value);
  static void run(const Split& step, Piece piece, Pieces& out);
  static void run(const ByteLevel& step, Piece piece, Pieces& out);
  static void run(const Metaspace& step, Piece piece, Pieces& out);

  std::vector<Step> steps_;
};

}  // namespace lateral::format
