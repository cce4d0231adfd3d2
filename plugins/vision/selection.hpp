#pragma once
// Which of a tower's states become tokens.
//
//   tokens = "class"   the class token of the last `layers` states, before the last norm, as the paper has it (default, 4)
//   tokens = "patch"   all patches of the states after block `layer` (negative: from the end), averaged in squares of `pool`
//   tokens = "pooled"  one a view: the class token behind the last norm, or what a pooling head makes

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include <lateral/sdk/options.hpp>
#include <lateral/sdk/tensor.hpp>

#include "plugins/vision/tower.hpp"

namespace lateral::plugins {

/// An integer option. Throws LAT_INVALID_ARGUMENT outside of [low, high].
std::int64_t count_option(sdk::Options& options, const std::string& key, std::int64_t usual, std::int64_t low,
                          std::int64_t high);

class Selection {
 public:
  /// Throws sdk::Error: LAT_INVALID_ARGUMENT naming the option.
  explicit Selection(sdk::Options& options);

  /// Throws LAT_INVALID_ARGUMENT for layers or a class token that the tower does not have.
  void fit(const Tower& tower);

  bool patches() const noexcept { return kind_ == Kind::Patch; }
  bool pools() const noexcept { return kind_ == Kind::Pooled; }
  /// Part of the token space, e.g. "class4" or "patch-2.2".
  const std::string& name() const noexcept { return name_; }
  std::int64_t tokens_a_view(const Tower& tower) const;

  /// Runs the tower as far as needed and fills the outputs, view by view.
  void write(const Tower& tower, const at::Tensor& pixels, sdk::Outputs& out) const;

 private:
  enum class Kind { Class, Patch, Pooled };
  Extent pooled_grid(const Tower& tower) const;
  at::Tensor averaged(const at::Tensor& patches, const Tower& tower) const;
  void write_classes(const Tower& tower, const at::Tensor& pixels, const sdk::Outputs& out) const;
  void write_pooled(const Tower& tower, const at::Tensor& pixels, const sdk::Outputs& out) const;
  void write_patches(const Tower& tower, const at::Tensor& pixels, const sdk::Outputs& out) const;
  void write_positions(const Tower& tower, std::int64_t views, const sdk::View<float>& out) const;

  Kind kind_ = Kind::Class;
  std::int64_t layers_ = 0;
  std::int64_t layer_ = 0;
  std::int64_t pool_ = 1;
  std::string name_;
};

}  // namespace lateral::plugins
