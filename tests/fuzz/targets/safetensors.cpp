// A file of tensors. Every byte it gives out is touched, so that a view beyond the mapping is seen.

#include <numeric>

#include "core/format/safetensors.hpp"
#include "tests/fuzz/scratch.hpp"

void lateral::fuzz::run(Input input) {
  const ScratchFile scratch("a.safetensors", text_of(input));
  const format::SafetensorsFile file(scratch.path());
  std::size_t bytes = 0;
  unsigned sum = 0;
  for (const auto& tensor : file.tensors()) {
    std::int64_t elements = 1;
    for (const auto dim : tensor.shape) elements *= dim;
    require(elements == tensor.elements(), "shape and bytes agree");
    require(file.find(tensor.name)->bytes.data() == tensor.bytes.data(), "a tensor is found by its name");
    for (const auto byte : tensor.bytes) sum += std::to_integer<unsigned>(byte);
    bytes += tensor.bytes.size();
  }
  require(bytes + 8 <= input.size() && sum <= 255 * bytes, "tensors lie in the file");
}
