#include "core/training/query_bank.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <span>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/random.hpp"
#include "core/model/text_scores.hpp"

namespace lateral::training {
namespace {

constexpr const char* kWhere = "query bank";
constexpr std::size_t kPromptsAtOnce = 32;

/// Attaches nothing, and writes down what the connected blocks ask.
class Recorder final : public model::Attachments {
 public:
  explicit Recorder(const std::vector<std::int64_t>& blocks) : blocks_(blocks), recorded_(blocks.size()) {}

  int first_block() const override { return static_cast<int>(blocks_.front()); }

  std::vector<model::Segment> segments(const model::BlockView& block, const at::Tensor& hidden) override {
    const auto found = std::find(blocks_.begin(), blocks_.end(), block.index());
    if (found != blocks_.end())
      record(block, hidden, recorded_[static_cast<std::size_t>(found - blocks_.begin())]);
    return {};
  }
  std::optional<at::Tensor> branch(const model::BlockView&, const at::Tensor&) override {
    return std::nullopt;
  }
  model::KvDelta kv_delta(const model::BlockView&, const at::Tensor&) override { return {}; }
  void select_rows(const at::Tensor&) override {}

  /// All positions in the order of the passes.
  std::vector<BlockQueries> take() const {
    std::vector<BlockQueries> all;
    for (const auto& parts : recorded_)
      all.push_back({at::cat(parts.q), at::cat(parts.output), at::cat(parts.lse)});
    return all;
  }

 private:
  struct Parts {
    std::vector<at::Tensor> q, output, lse;
  };

  static void record(const model::BlockView& block, const at::Tensor& hidden, Parts& parts) {
    const std::int64_t length = hidden.size(1);
    const auto positions = at::arange(length, hidden.options().dtype(at::kLong)).unsqueeze(0);
    const auto normed = block.attention_norm(hidden);
    const auto projected = block.project(normed);
    const auto q = block.rotate(projected.q, positions);                   // [batch, heads, T, head_dim]
    const auto k = block.expand_kv(block.rotate(projected.k, positions));  // likewise
    const auto v = block.expand_kv(projected.v);
    const auto visible =
        model::causal_columns(length, 0, block.spec().window(block.index()), hidden.options()).unsqueeze(0);
    const auto scores = at::matmul(q, k.transpose(-1, -2)) / std::sqrt(static_cast<double>(q.size(-1))) +
                        model::text_scores(block.spec(), visible, positions, positions, hidden.options());
    parts.q.push_back(q.transpose(1, 2).flatten(0, 1));
    parts.output.push_back(at::matmul(scores.softmax(-1), v).transpose(1, 2).flatten(0, 1));
    parts.lse.push_back(scores.logsumexp(-1).transpose(1, 2).flatten(0, 1));
  }

  const std::vector<std::int64_t>& blocks_;
  std::vector<Parts> recorded_;
};

void check_request(const model::Decoder& decoder, const std::vector<std::int64_t>& blocks,
                   const std::vector<BankQuestion>& questions) {
  if (blocks.empty() || !std::is_sorted(blocks.begin(), blocks.end()) || blocks.front() < 0 ||
      blocks.back() >= decoder.spec().layers) {
    fail(Errc::InvalidArgument, kWhere, "blocks must be ascending and lie in [0, ", decoder.spec().layers,
         ")");
  }
  const auto empty = [](const BankQuestion& question) { return question.prompt.empty(); };
  if (questions.empty() || std::any_of(questions.begin(), questions.end(), empty)) {
    fail(Errc::InvalidArgument, kWhere, "needs at least one question, and none without words");
  }
}

// Prompts of one length go together: no padding, so no position of a bank stands for nothing.
std::vector<std::vector<std::size_t>> batches_of_equal_length(const std::vector<BankQuestion>& questions) {
  std::map<std::size_t, std::vector<std::size_t>> by_length;
  for (std::size_t i = 0; i < questions.size(); ++i) by_length[questions[i].prompt.size()].push_back(i);
  std::vector<std::vector<std::size_t>> batches;
  for (const auto& [length, members] : by_length) {
    for (std::size_t i = 0; i < members.size(); i += kPromptsAtOnce) {
      const auto last = std::min(members.size(), i + kPromptsAtOnce);
      batches.emplace_back(members.begin() + static_cast<std::ptrdiff_t>(i),
                           members.begin() + static_cast<std::ptrdiff_t>(last));
    }
  }
  return batches;
}

at::Tensor ids_of(const std::vector<BankQuestion>& questions, const std::vector<std::size_t>& members) {
  std::vector<at::Tensor> rows;
  for (const auto member : members) rows.push_back(at::tensor(questions[member].prompt, at::kLong));
  return at::stack(rows);
}

void keep_some(std::vector<BlockQueries>& queries, const QueryBankOptions& options) {
  const std::int64_t all = queries.front().lse.size(0);
  if (all <= options.max_positions) return;
  std::vector<std::int64_t> rows(static_cast<std::size_t>(all));
  std::iota(rows.begin(), rows.end(), 0);
  Random(options.seed).shuffle(std::span<std::int64_t>(rows));
  rows.resize(static_cast<std::size_t>(options.max_positions));
  const auto index = at::tensor(rows, at::kLong).to(queries.front().lse.device());
  for (auto& block : queries) {
    block = {block.q.index_select(0, index), block.output.index_select(0, index),
             block.lse.index_select(0, index)};
  }
}

}  // namespace

void QueryBank::check_serves(const std::string& model_identity,
                             const std::vector<std::int64_t>& wanted) const {
  if (model != model_identity) {
    fail(Errc::FailedPrecondition, kWhere, "was made for model ", model, ", not for ", model_identity,
         "; make a new one");
  }
  for (const auto block : wanted) of(block);
}

const BlockQueries& QueryBank::of(std::int64_t block) const {
  const auto found = std::find(blocks.begin(), blocks.end(), block);
  if (found == blocks.end()) {
    fail(Errc::FailedPrecondition, kWhere, "has no queries of block ", block,
         "; make one for the blocks connected");
  }
  return queries[static_cast<std::size_t>(found - blocks.begin())];
}

QueryBank make_query_bank(const model::Decoder& decoder, std::string model_identity,
                          std::vector<std::int64_t> blocks, std::vector<BankQuestion> questions,
                          const QueryBankOptions& options) {
  check_request(decoder, blocks, questions);
  const c10::NoGradGuard no_grad;
  Recorder recorder(blocks);
  const auto batches = batches_of_equal_length(questions);
  ProgressMeter meter(kWhere, 0, static_cast<std::int64_t>(batches.size()), options.progress);
  for (std::size_t i = 0; i < batches.size(); ++i) {
    options.cancel.check(kWhere);
    model::Pass pass;
    pass.attachments = &recorder;
    const auto ids = ids_of(questions, batches[i]).to(decoder.options().device());
    // What follows the last connected block asks nothing of interest.
    decoder.forward(0, blocks.back() + 1, decoder.embed(ids), pass);
    meter.advance(static_cast<std::int64_t>(i + 1));
  }
  auto queries = recorder.take();
  keep_some(queries, options);
  return {std::move(model_identity), std::move(blocks), std::move(queries), std::move(questions)};
}

}  // namespace lateral::training
