#include "core/model/checks.hpp"

#include "core/base/error.hpp"

namespace lateral::model {

void check_ids(std::string_view what, const at::Tensor& ids, std::int64_t limit) {
  if (!ids.defined() || ids.dim() != 2 || ids.scalar_type() != at::kLong) {
    fail(Errc::InvalidArgument, "decoder", what, "s must be int64 [batch, T]");
  }
  const at::Tensor here = ids.to(at::kCPU).contiguous();
  const std::int64_t* const values = here.const_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < here.numel(); ++i) {
    if (values[i] < 0 || values[i] >= limit) {
      fail(Errc::InvalidArgument, "decoder", what, " ", values[i], " is outside [0, ", limit, ")");
    }
  }
}

void check_states(std::string_view what, const at::Tensor& x, std::int64_t width) {
  if (x.defined() && x.dim() == 3 && x.size(2) == width && x.size(0) > 0 && x.size(1) > 0) return;
  std::ostringstream found;
  if (x.defined()) {
    found << x.sizes();
  } else {
    found << "nothing";
  }
  fail(Errc::InvalidArgument, "decoder", what, " must be [batch, T, ", width, "], found ", found.str());
}

}  // namespace lateral::model
