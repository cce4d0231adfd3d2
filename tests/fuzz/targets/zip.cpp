// A model's archive, unpacked. Whatever is in it, nothing may come to lie outside of the folder, nor be more than it.

#include "core/format/zip.hpp"
#include "tests/fuzz/scratch.hpp"

void lateral::fuzz::run(Input input) {
  const ScratchFile scratch("a.zip", text_of(input));
  const auto folder = scratch_folder() / "unpacked";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directory(folder);
  if (!format::is_zip(scratch.path())) return;
  const auto entries = format::zip_contents(scratch.path());
  const auto count = format::unpack_zip(scratch.path(), "data/", folder);
  require(count <= entries.size(), "only what is listed is unpacked");
  std::uintmax_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) bytes += entry.file_size();
  }
  require(bytes <= input.size(), "what is stored is no larger than its archive");
  std::size_t beside = 0;
  for (const auto& entry : std::filesystem::directory_iterator(scratch_folder()))
    beside += entry.path() == folder || entry.path() == scratch.path() ? 0 : 1;
  require(beside == 0, "nothing lies outside of the folder");
}
