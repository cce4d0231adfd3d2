#include "core/connector/adapter.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <map>
#include <span>
#include <string_view>

#include "core/base/error.hpp"
#include "core/base/hash.hpp"
#include "core/base/random.hpp"

namespace lateral::connector {
namespace {

/// Each part draws from a stream of its own, so that adding low rank does not change how the aligner begins.
enum Stream : std::uint64_t { kAligner = 1, kLinks = 2, kLora = 3 };

std::shared_ptr<const LateKvSource> source_of(const AdapterInfo& info) {
  std::optional<SeenGate> seen;
  if (info.seen) seen.emplace(info.token_width(), *info.seen);
  std::optional<Summary> summary;
  if (info.summary) summary.emplace(*info.summary);
  return std::make_shared<LateKvSource>(Aligner(info.aligner, mix_seed(info.seed, kAligner)),
                                        Links(info.blocks, mix_seed(info.seed, kLinks), info.tau),
                                        std::move(seen), std::move(summary));
}

std::shared_ptr<const KvLora> lora_of(const AdapterInfo& info) {
  if (!info.lora) return nullptr;
  return std::make_shared<KvLora>(*info.lora, info.blocks, mix_seed(info.seed, kLora));
}

/// Fills every tensor of `to` that `from` has under the same name.
void copy_common(const std::vector<model::NamedTensor>& from, const std::vector<model::NamedTensor>& to) {
  const c10::NoGradGuard no_gradients;
  std::map<std::string, at::Tensor> known;
  for (const auto& [name, tensor] : from) known.emplace(name, tensor);
  for (const auto& [name, tensor] : to) {
    if (const auto found = known.find(name); found != known.end()) tensor.copy_(found->second);
  }
}

/// Enough to tell adapters apart, no protection against forgery.
class Fingerprint {
 public:
  Fingerprint& add(std::string_view bytes) {
    hash_.add(std::as_bytes(std::span(bytes)));
    return *this;
  }
  Fingerprint& add(const at::Tensor& tensor) {
    const auto flat = tensor.detach().to(at::kCPU).contiguous();
    return add(std::string_view(static_cast<const char*>(flat.const_data_ptr()), flat.nbytes()));
  }
  std::string text() const { return hash_.text(); }

 private:
  Hash64 hash_;
};

}  // namespace

Adapter::Adapter(AdapterInfo info)
    : info_(std::move(info)), source_(source_of(info_)), lora_(lora_of(info_)) {}

Adapter::Adapter(AdapterInfo info, std::shared_ptr<const LateKvSource> source,
                 std::shared_ptr<const KvLora> lora)
    : info_(std::move(info)), source_(std::move(source)), lora_(std::move(lora)) {}

std::vector<model::NamedTensor> Adapter::parameters() const {
  auto all = source_->parameters();
  if (lora_ != nullptr) {
    for (auto& named : lora_->parameters()) all.push_back(std::move(named));
  }
  return all;
}

Adapter Adapter::clone() const {
  Adapter copy(info_);
  copy_common(parameters(), copy.parameters());
  return copy;
}

Adapter Adapter::with_seen_gate(std::optional<SeenGate::Scope> scope) const {
  AdapterInfo info = info_;
  info.seen.reset();
  Adapter bare(info);
  copy_common(parameters(), bare.parameters());
  if (!scope) return bare;
  info.seen = scope;
  Adapter gated(info);
  copy_common(bare.parameters(), gated.parameters());
  return gated;
}

Adapter Adapter::behind_summary() const {
  AdapterInfo info = info_;
  info.summary.reset();
  info.seen.reset();
  return {std::move(info), std::make_shared<LateKvSource>(source_->aligner(), source_->links()), lora_};
}

void Adapter::require_gradients(bool required) const {
  for (const auto& named : parameters()) named.tensor.requires_grad_(required);
}

std::string Adapter::identity() const {
  Fingerprint fingerprint;
  fingerprint.add(info_.base_model).add("\n").add(info_.token_space).add("\n");
  fingerprint.add(name_of(info_.method)).add("\n").add(info_.blocks.text()).add("\n");
  fingerprint.add(detail::concat(info_.tau, '\n', info_.lora ? info_.lora->alpha : 0.0, '\n'));
  if (info_.seen) fingerprint.add(*info_.seen == SeenGate::Scope::Token ? "token\n" : "sample\n");
  for (const auto& named : parameters()) fingerprint.add(named.name).add(named.tensor);
  return fingerprint.text();
}

}  // namespace lateral::connector
