// The models in this repository, read from their files.
#include <iostream>

#include "models/recipe/connection.hpp"
#include "models/recipe/plan.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"

using namespace lateral;
using namespace lateral::recipe;

TEST_CASE("the embedded model answers with the day camera, and by night as if nothing were attached") {
  const auto models = test::repository() / "models";
  ConnectionPlan plan = full_plan(1).connection;
  plan.exam = 600;
  const ConnectionReport report =
      examine_connection(plan, {models / "night-drive", models / "encoders" / "camera.safetensors",
                                models / "night-drive" / "adapters" / "camera.safetensors"});
  std::cout << "embedded camera: day " << report.day.value << ", night " << report.night.value
            << ", nothing attached " << report.blind.value << '\n';
  CHECK(report.day.value > 0.85);
  // The 95 % intervals of night and of nothing attached overlap.
  CHECK(report.night.low <= report.blind.high);
  CHECK(report.blind.low <= report.night.high);
}

TEST_CASE("the embedded weights take at most 20 MB") {
  std::uintmax_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(test::repository() / "models")) {
    if (entry.path().extension() == ".safetensors") bytes += entry.file_size();
  }
  CHECK(bytes > 0);
  CHECK(bytes <= 20'000'000);
}
