#pragma once
// Learns a byte-level BPE tokenizer from text and writes it as a Hugging Face directory holds it, readable by
// Tokenizer and by the `tokenizers` package. Same text, same options: same bytes. Merges equal those of
// `tokenizers.trainers.BpeTrainer`: the most frequent pair first, ties to the smaller ids.
// Source: Sennrich et al. 2016, arXiv 1508.07909; byte-level alphabet of GPT-2.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lateral::format {

struct BpeTrainerOptions {
  int vocab_size = 1024;  ///< special tokens, 256 bytes and merges together; fewer if text runs out
  std::vector<std::string> special_tokens;  ///< ids 0, 1, ...; never split, removed by decode(skip_special)
  std::string bos, eos, pad;                ///< among special_tokens, or empty
  bool add_bos = false;                     ///< encode(add_special) starts with bos
  std::int64_t min_count = 2;               ///< pairs rarer than this are not merged
  bool split_digits = false;  ///< every digit its own piece, so that 10 and 11 share their parts
};

class BpeTrainer {
 public:
  /// Throws InvalidArgument for options that contradict each other.
  explicit BpeTrainer(BpeTrainerOptions options);

  /// Counts the words of `text`; malformed UTF-8 is read as U+FFFD. May be called any number of times.
  void add(std::string_view text, std::int64_t times = 1);

  struct Result {
    std::vector<std::string> vocab;                           ///< tokens by id
    std::vector<std::pair<std::string, std::string>> merges;  ///< best first
  };
  /// Learns from all text added so far.
  Result train() const;

  /// Writes tokenizer.json and tokenizer_config.json into an existing folder, each atomically. Throws Io.
  void write(const Result& result, const std::filesystem::path& folder) const;

 private:
  BpeTrainerOptions options_;
  /// Ordered: the result must not depend on hashing.
  std::map<std::string, std::int64_t, std::less<>> words_;
};

}  // namespace lateral::format
