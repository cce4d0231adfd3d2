// The copy of a plugin's file that is checked and that runs: nobody changes it, and it leaves nothing.
#include "core/plugin/sealed_image.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>

#include "fixtures.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/holdings.hpp"

using lateral::plugin::SealedImage;

TEST_CASE("an image can be neither written, resized nor unsealed, and no program inherits it by accident") {
  const std::array content{std::byte{1}, std::byte{2}, std::byte{3}};
  const SealedImage image("x", content);
  CHECK(::fcntl(image.descriptor(), F_GET_SEALS) ==
        (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL));
  CHECK((::fcntl(image.descriptor(), F_GETFD) & FD_CLOEXEC) != 0);
  CHECK(::pwrite(image.descriptor(), "x", 1, 0) == -1);
  CHECK(::ftruncate(image.descriptor(), 1) != 0);
  CHECK(::ftruncate(image.descriptor(), 9) != 0);
  CHECK(std::equal(image.bytes().begin(), image.bytes().end(), content.begin(), content.end()));
}

TEST_CASE("images come and go without a descriptor or a mapping, and one of nothing is possible") {
  const auto before = lateral::test::holdings();
  for (int i = 0; i < 3; ++i) {
    const SealedImage image("x", std::array<std::byte, 5000>{});
    const SealedImage inherited(::dup(image.descriptor()));
    CHECK(inherited.bytes().size() == 5000);
    CHECK(inherited.inode() == image.inode());
    CHECK(SealedImage("empty", {}).bytes().empty());
  }
  CHECK(lateral::test::holdings() == before);
}
