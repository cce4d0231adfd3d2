#include "tests/fuzz/cloud.hpp"

void lateral::fuzz::run(Input input) {
  use_cloud(format::decode_ply(input, "a.ply"));
}
