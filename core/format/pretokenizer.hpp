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
  /// Throws Unsupported for a type that is not known, with the list of those that are.
  explicit Pretokenizer(const json::Value& value) { add(value); }
  /// GPT-2's: words by its pattern, in the byte alphabet; before that, if asked, every digit cut off
  /// on its own.
  static Pretokenizer byte_level(bool add_prefix_space, bool split_digits = false);
  /// The same with another pattern for words.
  static Pretokenizer byte_level(std::string_view words);

  /// None of the words is empty. `at_start`: the text begins where the whole input begins. Throws
  /// ResourceExhausted when chained parts make much more text than there was.
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
  struct PrefixSpace {};   ///< a space before text that does not begin with one
  struct ByteAlphabet {};  ///< every byte as its character
  struct Metaspace {
    enum class Prepend { Always, First, Never };
    std::string replacement;
    Prepend prepend;
    bool split;
  };
  using Step = std::variant<Split, PrefixSpace, ByteAlphabet, Metaspace>;

  void add(const json::Value& value);
  bool add_simple(std::string_view type, const json::Value& value);
  void add_byte_level(bool add_prefix_space, std::string_view words);
  void add_split(std::string_view pattern, Behavior behavior, bool invert = false);
  static Behavior behavior_from(const json::Value& value);
  static Split split_from(const json::Value& value);
  static Metaspace metaspace_from(const json::Value& value);
  static std::size_t bytes_in(const Pieces& pieces) noexcept;
  static void run(const Split& step, Piece piece, Pieces& out);
  static void run(const PrefixSpace& step, Piece piece, Pieces& out);
  static void run(const ByteAlphabet& step, Piece piece, Pieces& out);
  static void run(const Metaspace& step, Piece piece, Pieces& out);

  std::vector<Step> steps_;
};

}  // namespace lateral::format
