#pragma once
// A model directory: its config.json and weight files, compared with each other before anything is loaded.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/file.hpp"
#include "core/format/safetensors.hpp"
#include "core/model/families.hpp"
#include "core/model/spec.hpp"

namespace lateral::model {

/// Immutable; tensors are found under the names that visit_block() and
/// visit_outer() give, whichever spelling the files use. Thread
/// safety: const members may be called from any thread.
class WeightFiles {
 public:
  /// Reads config.json, generation_config.json (whose ids overrule those that end an answer) and the headers of
  /// the weight files. Throws as load_model().
  explicit WeightFiles(const std::filesystem::path& folder);

  const DecoderSpec& spec() const { return spec_; }
  /// One of the tensors that the spec asks for.
  const format::TensorView& at(const std::string& name) const { return *find(name); }
  /// Keep it wherever the bytes of `view` must outlive this object.
  std::shared_ptr<const MappedFile> mapping_of(const format::TensorView& view) const;
  std::vector<const format::TensorView*> tensors() const { return files_.tensors(); }
  /// Numbers in the weights, each tensor counted once; buffers of old versions do not count.
  std::int64_t parameters() const { return parameters_; }

 private:
  const format::TensorView* find(const std::string& name) const;
  const format::TensorView* head_in_file() const;
  bool harmless(std::string_view name) const;
  void settle_head(const std::filesystem::path& folder);
  void compare(const std::filesystem::path& folder);

  DecoderSpec spec_;
  const TensorNames& names_;
  format::SafetensorsFolder files_;
  std::int64_t parameters_ = 0;
};

}  // namespace lateral::model
