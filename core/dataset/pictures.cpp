#include "core/dataset/pictures.hpp"

#include <span>

#include "core/base/file.hpp"
#include "core/base/hash.hpp"
#include "core/format/picture_filter.hpp"

namespace lateral::dataset {

std::filesystem::path NightPictures::of(const std::filesystem::path& picture,
                                        const std::filesystem::path& name) const {
  const auto source = read_bytes(picture, format::kMaxImageBytes);
  auto file = std::filesystem::absolute(folder_ / "night" / name).lexically_normal();
  file.replace_filename(file.stem().string() + "-" + Hash64().add(std::span(source)).text() + ".png");
  if (std::filesystem::exists(file)) return file;
  const auto bytes = format::encode_png(format::night_of(format::decode_image(source, picture.string())));
  std::filesystem::create_directories(file.parent_path());
  write_atomically(file, std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  return file;
}

}  // namespace lateral::dataset
