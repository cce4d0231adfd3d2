#include "core/tensor/settings.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/errors.hpp"

namespace lateral::tensor {
namespace {

TEST_CASE("the number of threads is fixed once") {
  CHECK(test::thrown_by([] { fix_threads(0); }).code == Errc::InvalidArgument);
  fix_threads(1);
  fix_threads(1);
  CHECK(threads() == 1);
  CHECK(test::thrown_by([] { fix_threads(2); }).code == Errc::FailedPrecondition);
}

TEST_CASE("unknown types and devices are refused with those that work") {
  CHECK(test::thrown_by([] { parse_dtype("int8"); }).mentions("float32, bfloat16 or float16"));
  for (const char* name : {"", "gpu", "cuda:x", "mps"}) {
    CHECK(test::thrown_by([&] { parse_device(name); }).mentions("expected cpu, cuda or cuda:N"));
  }
  CHECK(parse_dtype("bfloat16") == at::kBFloat16);
  CHECK(parse_device("cpu").is_cpu());
}

TEST_CASE("cuda works or says why it does not") {
  if (at::hasCUDA()) {
    CHECK(parse_device("cuda").is_cuda());
  } else {
    CHECK(test::thrown_by([] { parse_device("cuda"); }).code == Errc::Unsupported);
  }
}

}  // namespace
}  // namespace lateral::tensor
