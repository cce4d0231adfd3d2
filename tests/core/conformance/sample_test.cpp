#include "core/conformance/sample.hpp"

#include "tests/support/catch.hpp"

using namespace lateral;
using namespace lateral::conformance;

namespace {

plugin::EncoderSpec picture_and_question() {
  plugin::EncoderSpec spec;
  spec.inputs.push_back(
      {"views", plugin::InputKind::Image, plugin::DType::U8, {6, -1, -1, 3}, {}, "", 0, false});
  spec.inputs.push_back({"instruction", plugin::InputKind::Text, plugin::DType::U8, {-1}, {}, "", 0, true});
  return spec;
}

}  // namespace

TEST_CASE("a sample has the declared shape in every fixed axis, and bytes for all of it") {
  const auto spec = picture_and_question();
  for (const auto& sample : make_samples(spec, 1)) {
    REQUIRE(sample.inputs.size() == 2);
    const auto& views = sample.inputs[0];
    REQUIRE(views.shape.size() == 4);
    CHECK(views.shape[0] == 6);
    CHECK(views.shape[3] == 3);
    CHECK(views.bytes.size() == static_cast<std::size_t>(6 * views.shape[1] * views.shape[2] * 3));
  }
}

TEST_CASE("the same seed gives the same bytes, another seed others") {
  const auto spec = picture_and_question();
  CHECK(make_sample(spec, 5).inputs[0].bytes == make_sample(spec, 5).inputs[0].bytes);
  CHECK(make_sample(spec, 5).inputs[0].bytes != make_sample(spec, 6).inputs[0].bytes);
}

TEST_CASE("optional inputs can be left out") {
  const auto spec = picture_and_question();
  const auto sample = make_sample(spec, 1, Extent::Typical, Content::Typical, false);
  REQUIRE(sample.inputs.size() == 1);
  CHECK(sample.inputs[0].spec->name == "views");
}
