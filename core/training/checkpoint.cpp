#include "core/training/checkpoint.hpp"

#include <ATen/ATen.h>

#include <charconv>
#include <cstring>
#include <string_view>

#include "core/base/error.hpp"
#include "core/format/safetensors.hpp"
#include "core/tensor/convert.hpp"

namespace lateral::training {
namespace {

constexpr const char* kWhere = "checkpoint";
constexpr const char* kFormat = "lateral-checkpoint-2";
constexpr const char* kFormerFormat = "lateral-checkpoint-1";

// Sixteen hexadecimal digits of the bits: a decimal number would come back rounded.
std::string bits_of(double value) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  char text[17] = {};
  std::to_chars(text, text + 16, bits, 16);
  return text;
}

class Fields {
 public:
  Fields(const format::Metadata& metadata, const std::filesystem::path& path)
      : metadata_(metadata), path_(path) {}

  const std::string& text(const std::string& key) const {
    const auto found = metadata_.find(key);
    if (found == metadata_.end()) fail(Errc::Corrupt, kWhere, path_.string(), ": ", key, " is missing");
    return found->second;
  }

  template <typename Number>
  Number number(const std::string& key, int base = 10) const {
    const std::string& text = this->text(key);
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (error != std::errc() || end != text.data() + text.size()) {
      fail(Errc::Corrupt, kWhere, path_.string(), ": ", key, " is \"", text, "\", expected a number");
    }
    return value;
  }

  double real(const std::string& key) const {
    const auto bits = number<std::uint64_t>(key, 16);
    double value = 0;
    std::memcpy(&value, &bits, sizeof value);
    return value;
  }

 private:
  const format::Metadata& metadata_;
  const std::filesystem::path& path_;
};

}  // namespace

void save_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint) {
  NamedTensors kept;  // what the views refer to
  for (const auto& [name, tensor] : checkpoint.tensors) {
    kept.push_back({name, tensor.detach().to(at::kCPU).contiguous()});
  }
  std::vector<format::TensorView> views;
  for (const auto& [name, tensor] : kept) views.push_back(tensor::to_view(name, tensor));
  format::write_safetensors(path, views,
                            {{"format", kFormat},
                             {"fingerprint", checkpoint.fingerprint},
                             {"step", std::to_string(checkpoint.step)},
                             {"steps", std::to_string(checkpoint.plan.steps)},
                             {"planned_at", std::to_string(checkpoint.plan.since)},
                             {"done_then", bits_of(checkpoint.plan.done)},
                             {"spent", bits_of(checkpoint.spent)},
                             {"updates", std::to_string(checkpoint.updates)},
                             {"best_held_out", bits_of(checkpoint.best_held_out)},
                             {"best_step", std::to_string(checkpoint.best_step)},
                             {"stopped", checkpoint.stopped ? "1" : "0"}});
}

std::optional<Checkpoint> load_checkpoint(const std::filesystem::path& path, const std::string& fingerprint) {
  if (!std::filesystem::exists(path)) return std::nullopt;
  const format::SafetensorsFile file(path);
  const Fields fields(file.metadata(), path);
  if (fields.text("format") == kFormerFormat)
    fail(Errc::FailedPrecondition, kWhere, path.string(),
         " was left by an earlier version of lateral; delete this file to begin anew");
  if (fields.text("format") != kFormat) fail(Errc::Corrupt, kWhere, path.string(), " is not a checkpoint");
  Checkpoint found;
  found.fingerprint = fields.text("fingerprint");
  if (found.fingerprint != fingerprint) {
    fail(Errc::FailedPrecondition, kWhere, path.string(),
         " was left by another run (other data, options, seed or model): give that run's arguments to go on "
         "with it, or delete this file to begin anew");
  }
  found.step = fields.number<std::int64_t>("step");
  found.plan = {fields.number<std::int64_t>("steps"), fields.number<std::int64_t>("planned_at"),
                fields.real("done_then")};
  found.spent = fields.real("spent");
  found.updates = fields.number<std::int64_t>("updates");
  found.best_held_out = fields.real("best_held_out");
  found.best_step = fields.number<std::int64_t>("best_step");
  found.stopped = fields.text("stopped") == "1";
  for (const auto& view : file.tensors())
    found.tensors.push_back({view.name, tensor::to_tensor(view, file.mapping())});
  return found;
}

}  // namespace lateral::training
