#pragma once
// A data directory made of generated scenes, so that `lateral adapt` and `lateral eval` can be tried at once.

#include <cstdint>
#include <filesystem>

#include "core/base/cancel.hpp"

namespace lateral::host::demo {

/// Writes FOLDER/samples.jsonl with the files beside it: moments recorded by day with camera (PNG) and LiDAR (raw
/// float32 rows: x, y, z, intensity, motion), 100 of split "train" and 40 of split "test", five questions each. The same
/// seed gives the same files. samples.jsonl comes last: a folder that was not finished is no data directory.
/// Throws Io, Cancelled.
void write_recordings(const std::filesystem::path& folder, std::uint64_t seed, const CancelToken& cancel);

}  // namespace lateral::host::demo
