// The steps of a TokenDecoder, run as tokens come.

#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "core/format/byte_level.hpp"
#include "core/format/token_decoder.hpp"
#include "core/format/tokenizer_json.hpp"
#include "core/format/utf8.hpp"

namespace lateral::format {
namespace {

const std::string& replacement() {
  static const std::string kText = utf8::encode(utf8::kReplacement);
  return kText;
}

// "<0xE2>"
std::optional<char> byte_of(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token.back() != '>') return std::nullopt;
  unsigned byte = 0;
  const auto end = std::from_chars(token.data() + 3, token.data() + 5, byte, 16).ptr;
  return end == token.data() + 5 ? std::optional(static_cast<char>(byte)) : std::nullopt;
}

// English punctuation without the space before it, as BERT's decoders have it.
std::string cleaned(std::string text) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 11> kRules{{{" .", "."},
                                                                                  {" ?", "?"},
                                                                                  {" !", "!"},
                                                                                  {" ,", ","},
                                                                                  {" ' ", "'"},
                                                                                  {" n't", "n't"},
                                                                                  {" 'm", "'m"},
                                                                                  {" do not", " don't"},
                                                                                  {" 's", "'s"},
                                                                                  {" 've", "'ve"},
                                                                                  {" 're", "'re"}}};
  for (const auto& [from, to] : kRules) text = replace_all(text, from, to);
  return text;
}

std::string replaced(const Regex& from, const std::string& to, std::string_view token) {
  std::string out;
  std::size_t at = 0;
  for (const auto match : from.find_all(token)) {
    out.append(token.substr(at, match.begin - at)).append(to);
    at = match.end;
  }
  return out.append(token.substr(at));
}

}  // namespace

struct TokenDecoder::Runner {
  Stream& stream;
  std::size_t at;
  std::string_view token;
  std::string& out;

  Stream::State& state() const { return stream.states_[at]; }
  void give(std::string_view text) const { stream.feed(at + 1, text, out); }

  void operator()(const Spaced& /*step*/) const {
    const bool first = std::exchange(state().first, false);
    give(first ? std::string(token) : " " + std::string(token));
  }

  void operator()(const ByteLevel& /*step*/) const {
    auto& open = state().open;
    const auto bytes = byte_level::to_bytes(token);
    open += bytes ? std::string_view(*bytes) : token;
    std::string text;
    std::string_view rest = open;
    while (!rest.empty()) {
      const auto next = utf8::decode(rest);
      if (next.cut_short) break;
      utf8::append(text, next.point);
      rest.remove_prefix(next.length);
    }
    open = std::string(rest);
    give(text);
  }

  void operator()(const ByteFallback& /*step*/) const {
    if (const auto byte = byte_of(token)) {
      state().open += *byte;
      if (stream.eager_) stream.give_characters(at, out);
      return;
    }
    stream.end_run(at, out);
    give(token);
  }

  void operator()(const ReplaceText& step) const { give(replace_all(token, step.from, step.to)); }

  void operator()(const ReplaceMatches& step) const {
    give(token.empty() ? std::string() : replaced(step.from, step.to, token));
  }

  void operator()(const Strip& step) const {
    auto& open = state().open;
    auto& start = state().start;
    if (!step.fused) {
      open.clear();
      start = step.start;
    }
    auto text = token;
    for (; start > 0 && text.starts_with(step.content); --start) text.remove_prefix(step.content.size());
    if (!text.empty()) start = 0;
    open += text;
    // What may be the end of the text waits.
    std::size_t kept = open.size();
    for (std::size_t i = 0; i < step.stop && std::string_view(open).substr(0, kept).ends_with(step.content);
         ++i)
      kept -= step.content.size();
    give(std::string_view(open).substr(0, kept));
    open.erase(0, kept);
  }

  void operator()(const Metaspace& step) const {
    const bool drop = std::exchange(state().first, false) && step.drop_first;
    give(replace_all(token, step.replacement, drop ? "" : " "));
  }

  void operator()(const WordPiece& step) const {
    std::string text;
    if (std::exchange(state().first, false)) {
      text = token;
    } else if (token.starts_with(step.prefix)) {
      text = token.substr(step.prefix.size());
    } else {
      text.append(" ").append(token);
    }
    give(step.cleanup ? cleaned(std::move(text)) : text);
  }
};

// A run of bytes may only be given on in parts where nothing behind looks at tokens.
TokenDecoder::Stream::Stream(const TokenDecoder& decoder, bool eager) : decoder_(&decoder), eager_(eager) {
  bool after_bytes = false;
  for (const auto& step : decoder.steps_) {
    const auto* const strip = std::get_if<Strip>(&step);
    states_.push_back({{}, true, strip != nullptr ? strip->start : 0, 0});
    if (after_bytes && (strip == nullptr || !strip->fused)) eager_ = false;
    after_bytes = after_bytes || std::holds_alternative<ByteFallback>(step);
  }
}

void TokenDecoder::Stream::push(std::string_view token, std::string& out) {
  begin(token.size());
  feed(0, token, out);
}

void TokenDecoder::Stream::begin(std::size_t bytes) {
  before_ = bytes;
  for (auto& state : states_) {
    before_ += state.open.size();
    state.taken = 0;
  }
}

// Growth is counted over the whole chain: each step may make 32 bytes of one, 32 steps all the memory there is.
void TokenDecoder::Stream::feed(std::size_t step, std::string_view token, std::string& out) {
  if (step == states_.size()) {
    out += token;
    return;
  }
  auto& taken = states_[step].taken;
  taken += token.size();
  check_growth(before_, taken);
  std::visit(Runner{*this, step, token, out}, decoder_->steps_[step]);
}

void TokenDecoder::Stream::give_characters(std::size_t step, std::string& out) {
  auto& open = states_[step].open;
  while (!open.empty()) {
    const auto next = utf8::decode(open);
    if (next.cut_short) return;
    const auto bytes = open.substr(0, next.length);
    open.erase(0, next.length);
    if (next.valid) {
      feed(step + 1, bytes, out);
    } else {
      for (int i = 0; i < next.length; ++i) feed(step + 1, replacement(), out);
    }
  }
}

void TokenDecoder::Stream::end_run(std::size_t step, std::string& out) {
  const auto run = std::exchange(states_[step].open, {});
  if (run.empty()) return;
  if (utf8::is_valid(run)) return feed(step + 1, run, out);
  for (std::size_t i = 0; i < run.size(); ++i) feed(step + 1, replacement(), out);
}

void TokenDecoder::Stream::finish(std::string& out) {
  begin(0);
  for (std::size_t step = 0; step < states_.size(); ++step) {
    const auto& kind = decoder_->steps_[step];
    if (std::holds_alternative<ByteFallback>(kind)) end_run(step, out);
    if (std::holds_alternative<ByteLevel>(kind) && !states_[step].open.empty())
      feed(step + 1, replacement(), out);
  }
  *this = Stream(*decoder_, eager_);
}

}  // namespace lateral::format
