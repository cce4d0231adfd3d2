#pragma once
// The "decoder" of a tokenizer.json: tokens back to text.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/format/json.hpp"

namespace lateral::format {

class TokenDecoder {
 public:
  /// Without a decoder tokens are joined by spaces.
  TokenDecoder() = default;
  /// Reads ByteLevel, Metaspace, and sequences of Replace, ByteFallback, Fuse and Strip as
  /// SentencePiece-style models have them. Throws Unsupported naming any other.
  explicit TokenDecoder(const json::Value& value);
  static TokenDecoder byte_level();

  /// Text as tokens come. `eager` gives out every character of a run of byte tokens as soon as it is
  /// complete; otherwise the run waits for its end, and all of it is replaced if any of it is malformed, as
  /// the `tokenizers` package does.
  class Stream {
   public:
    Stream(const TokenDecoder& decoder, bool eager);
    void push(std::string_view token, std::string& out);
    void finish(std::string& out);

   private:
    void push_bytes(std::string_view token, std::string& out);
    void push_piece(std::string_view token, std::string& out);
    void give_complete(std::string& out);
    void end_run(std::string& out);
    void give(std::string_view text, std::string& out);

    const TokenDecoder* decoder_;
    bool eager_;
    bool first_ = true;
    std::string open_;  ///< bytes whose character or run is not finished
    int strip_;         ///< leading characters that may still be dropped
  };

 private:
  enum class Style { Spaced, ByteLevel, Pieces, Metaspace };

  void read_pieces(const std::vector<json::Value>& steps);

  Style style_ = Style::Spaced;
  std::vector<std::pair<std::string, std::string>> replacements_;
  bool byte_fallback_ = false;
  std::string strip_content_;
  int strip_start_ = 0;
  std::string metaspace_;      ///< what stands for a space
  bool drop_leading_ = false;  ///< Metaspace: the first token loses its spaces
};

}  // namespace lateral::format
