#pragma once
// From what a caller gives to what an encoder declared: matched by name, checked, columns picked.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/plugin/encoder_spec.hpp"
#include "core/plugin/sample.hpp"

namespace lateral::plugin {

/// One input that fits its declaration and is not copied yet. Borrows both.
class InputBinding {
 public:
  /// Throws InvalidArgument naming what does not fit.
  InputBinding(const InputSpec& spec, const Input& input);

  const InputSpec& spec() const noexcept { return *spec_; }
  const std::vector<std::int64_t>& shape() const noexcept { return shape_; }
  std::int64_t time_ns() const noexcept { return input_->time_ns; }
  std::size_t bytes() const noexcept { return bytes_; }
  /// Writes bytes() bytes in the declared form.
  void write(std::byte* to) const;

 private:
  const InputSpec* spec_;
  const Input* input_;
  std::vector<std::size_t> picked_;  ///< columns; empty when all are there in the right order
  std::vector<std::int64_t> shape_;
  std::size_t bytes_ = 0;
};

/// All inputs of one encode, in the declared order. Throws InvalidArgument or NotFound naming the input.
std::vector<InputBinding> bind_inputs(const EncoderSpec& spec, std::span<const Input> inputs);

}  // namespace lateral::plugin
