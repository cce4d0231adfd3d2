#include "core/tensor/convert.hpp"

#include <cstdint>

#include "core/tensor/memory.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"

namespace lateral::tensor {
namespace {

/// A file whose tensor bytes begin at `offset` of the mapping.
struct Placed {
  test::TemporaryFolder folder;
  std::shared_ptr<const MappedFile> mapping;
  format::TensorView view;

  Placed(std::size_t offset, const at::Tensor& tensor) {
    std::string bytes(offset, '\0');
    bytes.append(static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes());
    test::write_file(folder / "weights", bytes);
    mapping = std::make_shared<const MappedFile>(folder / "weights");
    view = to_view("w", tensor);
    view.bytes = mapping->bytes().subspan(offset);
  }
};

std::uintptr_t address(const void* pointer) {
  return reinterpret_cast<std::uintptr_t>(pointer);
}

TEST_CASE("integers are not read as weights") {
  const Placed placed(0, at::arange(6, at::kInt));
  CHECK(test::thrown_by([&] { to_tensor(placed.view, placed.mapping, at::kFloat); }).code ==
        Errc::InvalidArgument);
}

TEST_CASE("only contiguous tensors become views, and only of types the format has") {
  CHECK(test::thrown_by([] { to_view("x", at::ones({2, 3}).t()); }).code == Errc::InvalidArgument);
  CHECK(test::thrown_by([] { to_view("x", at::zeros({2}, at::kComplexFloat)); }).code == Errc::Unsupported);
}

TEST_CASE("aligned bytes stay in the mapping, which lives as long as the tensor") {
  const at::Tensor original = at::randn({5, 7});
  auto placed = std::make_unique<Placed>(128, original);
  const at::Tensor tensor = to_tensor(placed->view, placed->mapping, at::kFloat);
  CHECK(tensor.const_data_ptr() == placed->view.bytes.data());
  placed.reset();
  CHECK(at::equal(tensor, original));
}

TEST_CASE("bytes that are not 64-byte aligned are copied to where they are") {
  const at::Tensor original = at::randn({5, 7});
  const Placed placed(8, original);
  const at::Tensor tensor = to_tensor(placed.view, placed.mapping, at::kFloat);
  CHECK(tensor.const_data_ptr() != placed.view.bytes.data());
  CHECK(address(tensor.const_data_ptr()) % kAlignment == 0);
  CHECK(at::equal(tensor, original));
}

TEST_CASE("half precision widens exactly and float32 narrows as ATen rounds") {
  for (const at::ScalarType type : {at::kBFloat16, at::kHalf}) {
    const at::Tensor original = at::randn({16}).to(type);
    const Placed narrow(0, original);
    CHECK(at::equal(to_tensor(narrow.view, narrow.mapping, at::kFloat), original.to(at::kFloat)));
  }
  const at::Tensor wide = at::randn({16});
  const Placed placed(0, wide);
  CHECK(at::equal(to_tensor(placed.view, placed.mapping, at::kBFloat16), wide.to(at::kBFloat16)));
}

TEST_CASE("dropped pages come back with the same bytes") {
  const at::Tensor original = at::randn({64, 1024});
  const Placed placed(0, original);
  const at::Tensor tensor = to_tensor(placed.view, placed.mapping);
  CHECK(at::equal(tensor, original));
  drop_pages(placed.view.bytes);
  CHECK(at::equal(tensor, original));
}

TEST_CASE("shared storage counts once, and the process holds at least its tensors") {
  const at::Tensor base = at::ones({1024, 1024});
  const std::vector<at::Tensor> tensors = {base, base.view({-1}), at::Tensor(), at::ones({4})};
  CHECK(bytes_of(tensors) == 4 * 1024 * 1024 + 16);
  const MemoryReport report = memory_report();
  CHECK(report.resident >= 4 * 1024 * 1024);
  CHECK(report.peak_resident >= report.anonymous);
}

}  // namespace
}  // namespace lateral::tensor
