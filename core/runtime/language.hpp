#pragma once
// The running language model: decoder, tokenizer, and how it wants to be asked.

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/config.hpp"
#include "core/format/tokenizer.hpp"
#include "core/model/decoder.hpp"
#include "core/model/generate.hpp"
#include "core/runtime/question_format.hpp"

namespace lateral::runtime {

/// Immutable. Thread safety: all members may be called from any thread.
class Language {
 public:
  /// Reads a Hugging Face style directory. Throws what the readers throw; InvalidArgument when the tokenizer has ids
  /// that the model has no row for.
  /// `stop` are further texts that end an answer.
  Language(const config::ModelConfig& config, const std::vector<std::string>& stop);

  const std::filesystem::path& folder() const { return folder_; }
  const model::Decoder& decoder() const { return decoder_; }
  const format::Tokenizer& tokenizer() const { return tokenizer_; }
  const QuestionFormat& question_format() const { return format_; }
  /// 16 hexadecimal digits over the spec and samples of every tensor: adapters and query banks name it.
  const std::string& identity() const { return identity_; }
  int layers() const { return static_cast<int>(decoder_.spec().layers); }

  /// The question as the model reads it, up to where its answer begins.
  model::Ids prompt_ids(std::string_view question) const;
  /// The text of generated ids, trimmed as the format says.
  std::string answer_text(std::span<const std::int64_t> ids) const;
  /// A stop text stands in what was generated.
  bool complete(std::span<const std::int64_t> ids) const;

 private:
  std::string decoded(std::span<const std::int64_t> ids) const;

  std::filesystem::path folder_;
  model::Decoder decoder_;
  format::Tokenizer tokenizer_;
  QuestionFormat format_;
  std::string identity_;
};

/// The identity that Language gives a decoder. Reads at most 64 KiB of each tensor, spread over it, so that a large
/// mapped model is not paged in for it.
std::string identity_of(const model::Decoder& decoder);

}  // namespace lateral::runtime
