#include "core/model/weight_files.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/format/json.hpp"
#include "core/model/config_values.hpp"
#include "core/model/weights.hpp"
#include "core/tensor/convert.hpp"

namespace lateral::model {
namespace {

namespace fs = std::filesystem;

constexpr int kMostFaults = 20;

/// What does not fit together, as lines of one message: the first of them, and how many more.
class Mismatches {
 public:
  void add(const std::string& fault) {
    if (++count_ <= kMostFaults) text_ += "\n  " + fault;
  }
  void stop_if_any(const fs::path& folder) const {
    if (count_ == 0) return;
    const std::string more =
        count_ > kMostFaults ? "\n  and " + std::to_string(count_ - kMostFaults) + " more" : "";
    fail(Errc::InvalidArgument, "model", folder.string(),
         ": config.json and the weights do not fit together:", text_, more);
  }

 private:
  int count_ = 0;
  std::string text_;
};

std::string weight(std::string_view stem) {
  return std::string(stem) + ".weight";
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::ostringstream out;
  out << at::IntArrayRef(shape);
  return std::move(out).str();
}

// A link that leads nowhere, or to itself, is there: opening it says what is wrong with it.
bool is_there(const fs::path& path) {
  std::error_code unknown;
  return fs::exists(fs::symlink_status(path, unknown));
}

void refuse_pickles(const fs::path& folder) {
  if (is_there(folder / "model.safetensors") || is_there(folder / "model.safetensors.index.json")) return;
  for (const char* name :
       {"pytorch_model.bin", "pytorch_model.bin.index.json", "model.pt", "consolidated.00.pth"}) {
    if (!is_there(folder / name)) continue;
    fail(Errc::Unsupported, "model", (folder / name).string(),
         " is a pickle, which can run any code when read, and is never opened here. Convert it once: ./dev "
         "convert ",
         folder.string());
  }
}

// transformers lets generation_config.json overrule the ids that end an answer.
void read_generation_config(const fs::path& folder, DecoderSpec& spec) {
  const fs::path path = folder / "generation_config.json";
  if (!is_there(path)) return;
  Faults faults;
  const ConfigValues config(format::json::read_file(path), faults);
  if (config.root().find("eos_token_id")) spec.eos = config.ids("eos_token_id", spec.vocab);
  faults.stop_if_any(path.string());
}

DecoderSpec spec_of(const fs::path& folder) {
  std::error_code unknown;
  if (!fs::is_directory(folder, unknown)) {
    fail(Errc::NotFound, "model", folder.string(),
         ": expected a directory with config.json and model.safetensors");
  }
  DecoderSpec spec = read_spec(folder / "config.json");
  read_generation_config(folder, spec);
  refuse_pickles(folder);
  return spec;
}

}  // namespace

WeightFiles::WeightFiles(const fs::path& folder)
    : spec_(spec_of(folder)), names_(family_of(spec_.family).names), files_(folder) {
  settle_head(folder);
  compare(folder);
}

std::shared_ptr<const MappedFile> WeightFiles::mapping_of(const format::TensorView& view) const {
  return files_.file_of(view.name).mapping();
}

const format::TensorView* WeightFiles::find(const std::string& name) const {
  if (const format::TensorView* const view = files_.find(name)) return view;
  if (name.starts_with(names_.base)) {
    if (const format::TensorView* const view = files_.find(name.substr(names_.base.size()))) return view;
  }
  if (spec_.tied_head && name == weight(names_.tokens)) return head_in_file();
  return name == weight(names_.head) ? head_in_file() : nullptr;
}

const format::TensorView* WeightFiles::head_in_file() const {
  if (const format::TensorView* const view = files_.find(weight(names_.head))) return view;
  return names_.head_also.empty() ? nullptr : files_.find(weight(names_.head_also));
}

// Where a config ties a head that the files have with other numbers, the files are right, as in transformers: older
// programs wrote the flag without regard to the model.
void WeightFiles::settle_head(const fs::path& folder) {
  if (!spec_.tied_head) return;
  const format::TensorView* const head = head_in_file();
  const format::TensorView* const tokens = find(weight(names_.tokens));
  if (head == nullptr || tokens == nullptr || head == tokens) return;
  spec_.tied_head = std::ranges::equal(head->bytes, tokens->bytes) && head->dtype == tokens->dtype;
  tensor::drop_pages(head->bytes);
  tensor::drop_pages(tokens->bytes);
  if (!spec_.tied_head) {
    log::warn("model", folder.string(), ": tie_word_embeddings is true, but ", head->name, " differs from ",
              tokens->name, ": the head is its own");
  }
}

// Buffers that old versions of transformers saved, and the copy of a tied head.
bool WeightFiles::harmless(std::string_view name) const {
  const auto is_end = [&](std::string_view buffer) { return !buffer.empty() && name.ends_with(buffer); };
  return std::any_of(names_.buffers.begin(), names_.buffers.end(), is_end) ||
         (spec_.tied_head && (name == weight(names_.head) || name == weight(names_.head_also)));
}

void WeightFiles::compare(const fs::path& folder) {
  Mismatches faults;
  std::set<std::string_view> expected;
  const VisitTensor compare = [&](const std::string& name, at::Tensor&,
                                  const std::vector<std::int64_t>& shape) {
    const format::TensorView* const view = find(name);
    if (view == nullptr) {
      faults.add("missing: " + name + " " + shape_text(shape));
      return;
    }
    expected.insert(view->name);
    parameters_ += view->elements();
    if (view->shape != shape) {
      faults.add(name + ": expected " + shape_text(shape) + ", found " + shape_text(view->shape));
    }
    if (!at::isFloatingType(tensor::scalar_type(view->dtype))) {
      faults.add(name + ": expected floating numbers, found " + std::string(format::name_of(view->dtype)));
    }
  };
  OuterWeights outer;
  visit_outer(spec_, outer, compare);
  BlockWeights block;
  for (std::int64_t index = 0; index < spec_.layers; ++index) visit_block(spec_, index, block, compare);
  for (const format::TensorView* view : files_.tensors()) {
    if (!expected.contains(view->name) && !harmless(view->name))
      faults.add("unexpected: " + view->name + " " + shape_text(view->shape));
  }
  faults.stop_if_any(folder);
}

}  // namespace lateral::model
