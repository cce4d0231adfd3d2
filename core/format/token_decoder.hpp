#pragma once
// The "decoder" of a tokenizer.json: tokens back to text.

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/format/json.hpp"
#include "core/format/regex.hpp"

namespace lateral::format {

class TokenDecoder {
 public:
  /// Without a decoder tokens are joined by spaces.
  TokenDecoder() : steps_{Spaced{}} {}
  /// Throws Unsupported for a type that is not known, with the list of those that are, and for one that could
  /// only be run when all tokens are there (e.g. Replace behind Fuse).
  explicit TokenDecoder(const json::Value& value);
  static TokenDecoder byte_level();

  /// Text as tokens come. `eager` gives out every character of a run of byte tokens as soon as it is
  /// complete; otherwise the run waits for its end, and all of it is replaced if any of it is malformed, as
  /// the `tokenizers` package does.
  class Stream {
   public:
    Stream(const TokenDecoder& decoder, bool eager);
    /// Both throw ResourceExhausted when chained replacements make much more text than there was.
    void push(std::string_view token, std::string& out);
    void finish(std::string& out);

   private:
    friend class TokenDecoder;
    struct State {
      std::string open{};     ///< what cannot be given on yet
      bool first = true;      ///< no token has come
      std::size_t start = 0;  ///< Strip: leading characters that may still be dropped
      std::size_t taken = 0;  ///< bytes since the last push
    };
    void begin(std::size_t bytes);
    void feed(std::size_t step, std::string_view token, std::string& out);
    void give_characters(std::size_t step, std::string& out);
    void end_run(std::size_t step, std::string& out);

    const TokenDecoder* decoder_;
    bool eager_;
    std::vector<State> states_;  ///< one a step
    std::size_t before_ = 0;     ///< bytes that this push began with, those that waited among them
  };

 private:
  struct Spaced {};
  struct ByteLevel {};
  struct ByteFallback {};
  struct ReplaceText {
    std::string from, to;
  };
  struct ReplaceMatches {
    Regex from;
    std::string to;
  };
  struct Strip {
    std::string content;  ///< one character
    std::size_t start, stop;
    bool fused;  ///< of the whole text, not of every token
  };
  struct Metaspace {
    std::string replacement;
    bool drop_first;  ///< the first token loses its spaces
  };
  struct WordPiece {
    std::string prefix;
    bool cleanup;
  };
  using Step =
      std::variant<Spaced, ByteLevel, ByteFallback, ReplaceText, ReplaceMatches, Strip, Metaspace, WordPiece>;

  void add(const json::Value& value, bool& fused);
  static Step step_from(const json::Value& value, bool fused);
  static Step replace_from(const json::Value& value);
  static Strip strip_from(const json::Value& value, bool fused);

  // What step number `at` makes of one token, given on to the next.
  struct Runner;

  std::vector<Step> steps_;
};

}  // namespace lateral::format
