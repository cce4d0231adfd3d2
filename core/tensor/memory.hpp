#pragma once
// How much memory the process really holds, and how much tensors claim.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>

namespace lateral::tensor {

/// Bytes, from /proc/self/status. File pages (mapped weights) can be dropped by the system at any time and
/// count apart from what the process allocated itself.
struct MemoryReport {
  std::int64_t resident = 0;       ///< all pages in memory now
  std::int64_t peak_resident = 0;  ///< the most there ever were
  std::int64_t anonymous = 0;      ///< of them: allocated by the process
  std::int64_t file = 0;           ///< of them: mapped from files
};

/// Throws Io where the system does not tell.
MemoryReport memory_report();

/// Bytes of the elements; tensors that share one storage are counted once.
std::int64_t bytes_of(std::span<const at::Tensor> tensors);

}  // namespace lateral::tensor
