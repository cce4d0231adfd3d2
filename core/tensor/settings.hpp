#pragma once
// What a host decides once about tensors: how many threads compute, in which type, and where.

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <string_view>

namespace lateral::tensor {

/// Fixes how many threads one tensor operation may use, for the life of the process: the split of the work
/// decides the last bits of a sum. Call it before the first operation, from the main thread. The same number
/// may be set again. Throws InvalidArgument (below 1) or FailedPrecondition (another number was fixed before).
void fix_threads(int count);
int threads();
/// Lets the calling thread compute with that number. OpenMP keeps one for each thread, and a new thread has the machine's
/// until its first parallel loop in ATen; a matrix product before that would be split otherwise and end in other bits.
/// Costs a branch; every way into computing calls it.
void enter_thread();

/// "float32", "bfloat16" or "float16"; throws InvalidArgument naming these.
at::ScalarType parse_dtype(std::string_view name);

/// "cpu", "cuda" or "cuda:N"; throws InvalidArgument for others, Unsupported when this libtorch or machine
/// has no such device.
at::Device parse_device(std::string_view name);

}  // namespace lateral::tensor
