#include "core/format/bpe_trainer.hpp"

#include <algorithm>
#include <optional>
#include <queue>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/format/bpe.hpp"
#include "core/format/byte_level.hpp"
#include "core/format/json.hpp"
#include "core/format/pretokenizer.hpp"
#include "core/format/utf8.hpp"

namespace lateral::format {
namespace {

constexpr std::string_view kWhere = "bpe trainer";

struct Word {
  std::vector<TokenId> symbols;
  std::int64_t count;
};

using Pair = std::pair<TokenId, TokenId>;
struct PairHash {
  std::size_t operator()(Pair pair) const noexcept {
    return std::hash<std::uint64_t>()((static_cast<std::uint64_t>(pair.first) << 32U) |
                                      static_cast<std::uint32_t>(pair.second));
  }
};

// Counts of all neighbouring pairs, kept up to date while pairs merge. A queue holds possibly outdated
// counts; an entry is trusted only after a look at the table.
class PairCounts {
 public:
  explicit PairCounts(std::vector<Word> words) : words_(std::move(words)) {
    for (std::size_t i = 0; i < words_.size(); ++i) {
      const auto& symbols = words_[i].symbols;
      for (std::size_t j = 0; j + 1 < symbols.size(); ++j)
        change({symbols[j], symbols[j + 1]}, words_[i].count, i);
    }
    for (const auto& [pair, entry] : pairs_) queue_.push({entry.count, pair});
  }

  /// The most frequent pair of at least `least`, ties to the smaller ids; nothing when none is left.
  std::optional<Pair> best(std::int64_t least) {
    while (!queue_.empty()) {
      const Candidate top = queue_.top();
      queue_.pop();
      const std::int64_t now = pairs_.at(top.pair).count;
      if (now == top.count) return now >= least ? std::optional(top.pair) : std::nullopt;
      if (now > 0) queue_.push({now, top.pair});
    }
    return std::nullopt;
  }

  void merge(Pair pair, TokenId result) {
    changed_.clear();
    const auto places = std::move(pairs_.at(pair).words);
    for (const std::size_t place : places) merge_in(place, pair, result);
    for (const Pair& grown : changed_) queue_.push({pairs_.at(grown).count, grown});
    drop(pair);
  }

  void drop(Pair pair) { pairs_.at(pair).count = 0; }

 private:
  struct Entry {
    std::int64_t count = 0;
    std::unordered_set<std::size_t> words;  // that hold the pair, or did once
  };
  struct Candidate {
    std::int64_t count;
    Pair pair;
    bool operator<(const Candidate& other) const {
      return std::tie(count, other.pair) < std::tie(other.count, pair);
    }
  };

  void change(Pair pair, std::int64_t by, std::size_t word) {
    auto& entry = pairs_[pair];
    entry.count += by;
    if (by > 0) entry.words.insert(word);
  }

  void merge_in(std::size_t place, Pair pair, TokenId result) {
    auto& [symbols, count] = words_[place];
    std::vector<TokenId> merged;
    for (std::size_t i = 0; i < symbols.size(); ++i) {
      if (i + 1 == symbols.size() || Pair(symbols[i], symbols[i + 1]) != pair) {
        merged.push_back(symbols[i]);
        continue;
      }
      if (!merged.empty()) {
        change({merged.back(), pair.first}, -count, place);
        grow({merged.back(), result}, count, place);
      }
      if (i + 2 < symbols.size()) {
        change({pair.second, symbols[i + 2]}, -count, place);
        grow({result, symbols[i + 2]}, count, place);
      }
      merged.push_back(result);
      ++i;
    }
    symbols = std::move(merged);
  }

  void grow(Pair pair, std::int64_t by, std::size_t word) {
    change(pair, by, word);
    changed_.insert(pair);
  }

  std::vector<Word> words_;
  std::unordered_map<Pair, Entry, PairHash> pairs_;
  std::unordered_set<Pair, PairHash> changed_;
  std::priority_queue<Candidate> queue_;
};

bool among(const std::vector<std::string>& list, const std::string& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

}  // namespace

BpeTrainer::BpeTrainer(BpeTrainerOptions options) : options_(std::move(options)) {
  const auto& special = options_.special_tokens;
  const int least = static_cast<int>(special.size()) + 256;
  if (options_.vocab_size < least) {
    fail(Errc::InvalidArgument, kWhere, "a vocabulary of ", options_.vocab_size, " has no room for ",
         special.size(), " special tokens and 256 bytes: at least ", least);
  }
  for (std::size_t i = 0; i < special.size(); ++i) {
    const bool twice = std::find(special.begin(), special.begin() + static_cast<std::ptrdiff_t>(i),
                                 special[i]) != special.begin() + static_cast<std::ptrdiff_t>(i);
    // A single character could be one of the byte alphabet.
    if (twice || special[i].size() < 3 || !utf8::is_valid(special[i])) {
      fail(Errc::InvalidArgument, kWhere, "special token ", json::quote(special[i]),
           twice ? " is there twice" : " is too short or malformed");
    }
  }
  for (const auto* role : {&options_.bos, &options_.eos, &options_.pad}) {
    if (!role->empty() && !among(special, *role)) {
      fail(Errc::InvalidArgument, kWhere, json::quote(*role), " is not among the special tokens");
    }
  }
  if (options_.add_bos && options_.bos.empty()) fail(Errc::InvalidArgument, kWhere, "add_bos without a bos");
}

void BpeTrainer::add(std::string_view text, std::int64_t times) {
  const auto cut = Pretokenizer::byte_level(false, options_.split_digits);
  for (auto& word : cut.split(utf8::sanitize(text), true)) words_[std::move(word)] += times;
}

BpeTrainer::Result BpeTrainer::train() const {
  Result result;
  result.vocab = options_.special_tokens;
  std::map<char32_t, TokenId>
      alphabet;  // in the order of the characters, as the reference implementation has it
  for (unsigned byte = 0; byte < 256; ++byte)
    alphabet[byte_level::char_of(static_cast<std::uint8_t>(byte))] = 0;
  for (auto& [point, id] : alphabet) {
    id = static_cast<TokenId>(result.vocab.size());
    result.vocab.push_back(utf8::encode(point));
  }

  std::vector<Word> words;
  for (const auto& [text, count] : words_) {
    Word word{{}, count};
    for (std::string_view rest = text; !rest.empty();) {
      const auto next = utf8::decode(rest);
      word.symbols.push_back(alphabet.at(next.point));
      rest.remove_prefix(next.length);
    }
    words.push_back(std::move(word));
  }

  PairCounts counts(std::move(words));
  std::unordered_map<std::string, TokenId> ids;
  while (result.vocab.size() < static_cast<std::size_t>(options_.vocab_size)) {
    const auto pair = counts.best(std::max<std::int64_t>(options_.min_count, 1));
    if (!pair) break;
    const auto& left = result.vocab[static_cast<std::size_t>(pair->first)];
    const auto& right = result.vocab[static_cast<std::size_t>(pair->second)];
    if (among(options_.special_tokens, left + right)) {
      counts.drop(*pair);  // plain text must never become a special token
      continue;
    }
    result.merges.emplace_back(left, right);
    // Two ways of merging may lead to the same text; it is one token.
    const auto [known, added] = ids.emplace(left + right, static_cast<TokenId>(result.vocab.size()));
    if (added) result.vocab.push_back(known->first);
    counts.merge(*pair, known->second);
  }
  return result;
}

}  // namespace lateral::format
