#pragma once
// Text as the language model reads it.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/format/tokenizer.hpp"

namespace lateral::recipe {

using Ids = std::vector<std::int64_t>;

/// What is asked, and what should be said.
struct Exchange {
  Ids prompt;        ///< without the id that begins every text
  Ids answer;        ///< without the id that ends every answer
  std::string type;  ///< for reports
};

class TextIds {
 public:
  /// Throws InvalidArgument when the tokenizer has no ids that begin and end a text.
  explicit TextIds(format::Tokenizer tokenizer);

  Ids ids(std::string_view text) const;
  /// The first piece of a word inside a sentence.
  std::int64_t word(std::string_view text) const;
  Exchange exchange(std::string_view prompt, std::string_view answer, std::string_view type) const;

  std::int64_t begin() const { return begin_; }
  std::int64_t end() const { return end_; }
  std::int64_t size() const { return tokenizer_.vocab_size(); }
  const format::Tokenizer& tokenizer() const { return tokenizer_; }

 private:
  format::Tokenizer tokenizer_;
  std::int64_t begin_, end_;
};

/// Exchanges as one batch, padded on the right, where a causal model does not look.
struct TextBatch {
  at::Tensor ids;      ///< int64 [rows, T]
  at::Tensor row;      ///< int64 [n]: the row of each id that should be said
  at::Tensor column;   ///< int64 [n]: the position that says it
  at::Tensor targets;  ///< int64 [n]
};
TextBatch pack(const std::vector<Exchange>& exchanges, const TextIds& text);

}  // namespace lateral::recipe
