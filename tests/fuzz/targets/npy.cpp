#include "core/format/npy.hpp"
#include "tests/fuzz/target.hpp"

void lateral::fuzz::run(Input input) {
  const auto array = format::decode_npy(input, "a.npy");
  std::int64_t elements = 1;
  for (const auto dim : array.shape) elements *= dim;
  require(elements == array.elements(), "shape and data agree");
  require(array.to_floats().size() == static_cast<std::size_t>(elements), "each element becomes a float");
}
