#include "core/model/kv_cache.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/errors.hpp"
#include "tiny_models.hpp"

namespace lateral::model {
namespace {

using test_models::llama_spec;

at::Tensor columns(std::int64_t batch, std::int64_t count) {
  return at::randn({batch, 2, count, 6});
}

at::Tensor positions(std::int64_t first, std::int64_t count) {
  return at::arange(first, first + count, at::kLong).unsqueeze(0);
}

TEST_CASE("another batch, or a block that is not there, is refused") {
  KvCache cache(llama_spec(), 4);
  cache.append(0, columns(2, 3), columns(2, 3), positions(0, 3), {});
  CHECK(test::thrown_by([&] { cache.append(0, columns(3, 1), columns(3, 1), positions(3, 1), {}); }).code ==
        Errc::InvalidArgument);
  CHECK(test::thrown_by([&] { cache.view(4); }).code == Errc::InvalidArgument);
}

TEST_CASE("appended columns come back whole, also beyond the capacity") {
  KvCache cache(llama_spec(), 2);
  const at::Tensor k = columns(1, 9);
  const at::Tensor v = columns(1, 9);
  for (std::int64_t i = 0; i < 9; ++i) {
    cache.append(1, k.narrow(2, i, 1), v.narrow(2, i, 1), positions(i, 1), {});
  }
  CHECK(at::equal(cache.view(1).k, k));
  CHECK(at::equal(cache.view(1).v, v));
  CHECK(at::equal(cache.positions(1), positions(0, 9)));
  CHECK_FALSE(cache.valid(1).defined());
  CHECK(cache.length(0) == 0);
  CHECK(cache.bytes() >= static_cast<std::int64_t>(k.nbytes() + v.nbytes()));
}

TEST_CASE("each block is cut back on its own") {
  KvCache cache(llama_spec(), 8);
  const at::Tensor k = columns(1, 5);
  for (std::int64_t block = 0; block < 4; ++block) cache.append(block, k, k, positions(0, 5), {});
  cache.truncate(2, 4, 3);
  CHECK(cache.length(1) == 5);
  CHECK(cache.length(3) == 3);
  CHECK_FALSE(cache.same_columns(1, 3));
  const at::Tensor more = columns(1, 2);
  cache.append(3, more, more, positions(10, 2), {});
  CHECK(at::equal(cache.view(3).k, at::cat({k.narrow(2, 0, 3), more}, 2)));
  CHECK(at::equal(cache.positions(3), at::tensor({0, 1, 2, 10, 11}, at::kLong).unsqueeze(0)));
  cache.truncate(0, 4, 0);
  cache.append(0, columns(3, 1), columns(3, 1), positions(0, 1), {});  // empty again: any batch will do
}

TEST_CASE("rows can be chosen and repeated, with their padding, and a clone is untouched by it") {
  KvCache cache(llama_spec(), 4);
  const at::Tensor k = columns(2, 2);
  const at::Tensor valid = at::tensor({0, 1, 1, 1}, at::kLong).to(at::kBool).view({2, 2});
  cache.append(0, k, k, positions(0, 2), valid);
  cache.append(0, k, k, positions(2, 2), {});
  const KvCache before = cache.clone();
  const at::Tensor rows = at::tensor({1, 1, 0}, at::kLong);
  cache.select_rows(rows);
  CHECK(at::equal(cache.view(0).k, at::cat({k, k}, 2).index_select(0, rows)));
  CHECK(at::equal(cache.valid(0), before.valid(0).index_select(0, rows)));
  CHECK(at::equal(before.valid(0), at::cat({valid, at::ones({2, 2}, at::kBool)}, 1)));
  CHECK(at::equal(before.view(0).k, at::cat({k, k}, 2)));
}

}  // namespace
}  // namespace lateral::model
