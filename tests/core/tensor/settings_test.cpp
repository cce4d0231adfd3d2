#include "core/tensor/settings.hpp"

#include <ATen/Parallel.h>
#include <dlfcn.h>

#include <thread>

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

TEST_CASE("a new thread computes with as many threads as all others") {
  // OpenMP's own number for the calling thread; at::get_num_threads() would set it in passing.
  const auto own = reinterpret_cast<int (*)()>(::dlsym(RTLD_DEFAULT, "omp_get_max_threads"));
  REQUIRE(own != nullptr);
  const int before = threads();
  at::set_num_threads(3);
  int fresh = 0, entered = 0;
  std::thread([&] {
    fresh = own();
    enter_thread();
    entered = own();
  }).join();
  at::set_num_threads(before);
  CHECK(fresh != 3);  // otherwise there is nothing to mend on this machine
  CHECK(entered == 3);
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
