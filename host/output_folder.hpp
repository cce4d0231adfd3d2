#pragma once
// Where a command's files go.

#include <filesystem>

namespace lateral::host {

/// Makes the folder where there is none. Throws Io when nothing can be written there: long work asks before it begins.
void require_output_folder(const std::filesystem::path& folder);

}  // namespace lateral::host
