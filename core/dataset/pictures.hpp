#pragma once
// Pictures of an imported data set that are written anew because they are changed.

#include <filesystem>
#include <map>

#include "core/dataset/work.hpp"

namespace lateral::dataset {

/// Makes the night (format::night_of) of pictures, as PNG files of their full size in DIR/night. Their names end in a
/// hash of the picture's bytes: one that is there already was made of the same picture and is taken as it is, so that
/// an interrupted import goes on; each is written in one step.
class NightPictures {
 public:
  explicit NightPictures(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// The night of `picture`, which is `name` (a relative path) in the data set. Throws what reading and
  /// writing throw.
  std::filesystem::path of(const std::filesystem::path& picture, const std::filesystem::path& name) const;

 private:
  std::filesystem::path folder_;
};

}  // namespace lateral::dataset
