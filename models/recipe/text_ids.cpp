#include "models/recipe/text_ids.hpp"

#include <ATen/ATen.h>

#include <algorithm>

#include "core/base/error.hpp"

namespace lateral::recipe {

TextIds::TextIds(format::Tokenizer tokenizer) : tokenizer_(std::move(tokenizer)) {
  if (!tokenizer_.bos() || !tokenizer_.eos()) {
    fail(Errc::InvalidArgument, "recipe", "the tokenizer names no ids that begin and end a text");
  }
  begin_ = *tokenizer_.bos();
  end_ = *tokenizer_.eos();
}

Ids TextIds::ids(std::string_view text) const {
  const auto pieces = tokenizer_.encode(text, false);
  return {pieces.begin(), pieces.end()};
}

std::int64_t TextIds::word(std::string_view text) const {
  return ids(' ' + std::string(text)).front();
}

Exchange TextIds::exchange(std::string_view prompt, std::string_view answer, std::string_view type) const {
  return {ids(prompt), ids(' ' + std::string(answer)), std::string(type)};
}

TextBatch pack(const std::vector<Exchange>& exchanges, const TextIds& text) {
  std::size_t longest = 0;
  for (const Exchange& e : exchanges) longest = std::max(longest, 1 + e.prompt.size() + e.answer.size());
  TextBatch batch;
  batch.ids = at::full({static_cast<std::int64_t>(exchanges.size()), static_cast<std::int64_t>(longest)},
                       text.end(), at::kLong);
  std::vector<std::int64_t> row, column, targets;
  for (std::size_t r = 0; r < exchanges.size(); ++r) {
    const Exchange& e = exchanges[r];
    auto* to = batch.ids.data_ptr<std::int64_t>() + r * longest;
    *to++ = text.begin();
    to = std::copy(e.prompt.begin(), e.prompt.end(), to);
    std::copy(e.answer.begin(), e.answer.end(), to);
    for (std::size_t i = 0; i <= e.answer.size(); ++i) {
      row.push_back(static_cast<std::int64_t>(r));
      column.push_back(static_cast<std::int64_t>(e.prompt.size() + i));
      targets.push_back(i < e.answer.size() ? e.answer[i] : text.end());
    }
  }
  batch.row = at::tensor(row, at::kLong);
  batch.column = at::tensor(column, at::kLong);
  batch.targets = at::tensor(targets, at::kLong);
  return batch;
}

}  // namespace lateral::recipe
