#include "core/tensor/settings.hpp"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <c10/util/Exception.h>

#include <mutex>
#include <string>

#include "core/base/error.hpp"

namespace lateral::tensor {

void fix_threads(int count) {
  static std::mutex mutex;
  static int fixed = 0;
  if (count < 1) fail(Errc::InvalidArgument, "tensor", "threads = ", count, "; at least 1 is needed");
  const std::lock_guard lock(mutex);
  if (fixed == count) return;
  if (fixed != 0) {
    fail(Errc::FailedPrecondition, "tensor", "threads = ", count,
         " comes too late: this process computes with ", fixed,
         ", and a change would change the last bits of running answers");
  }
  at::set_num_threads(count);
  fixed = count;
}

int threads() {
  return at::get_num_threads();
}

void enter_thread() {
  at::internal::lazy_init_num_threads();
}

at::ScalarType parse_dtype(std::string_view name) {
  if (name == "float32") return at::kFloat;
  if (name == "bfloat16") return at::kBFloat16;
  if (name == "float16") return at::kHalf;
  fail(Errc::InvalidArgument, "tensor", "dtype \"", name, "\": expected float32, bfloat16 or float16");
}

namespace {
at::Device parse_name(std::string_view name) {
  try {
    return at::Device(std::string(name));
  } catch (const c10::Error&) {
    fail(Errc::InvalidArgument, "tensor", "device \"", name, "\": expected cpu, cuda or cuda:N");
  }
}
}  // namespace

at::Device parse_device(std::string_view name) {
  const at::Device device = parse_name(name);
  if (device.is_cpu()) return device;
  if (!device.is_cuda()) {
    fail(Errc::InvalidArgument, "tensor", "device \"", name, "\": expected cpu, cuda or cuda:N");
  }
  if (!at::hasCUDA()) {
    fail(Errc::Unsupported, "tensor", "device \"", name,
         "\": this libtorch has no CUDA, or the machine has no ",
         "CUDA device. Use device = \"cpu\", or build with a CUDA libtorch (LATERAL_TORCH=...)");
  }
  return device;
}

}  // namespace lateral::tensor
