#include "tests/fuzz/picture.hpp"

void lateral::fuzz::run(Input input) {
  use_picture(input);
}
