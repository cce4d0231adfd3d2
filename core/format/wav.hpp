#pragma once
// Sound as the plugins see it: one channel of float32 with its rate. The only door to libsndfile.

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

namespace lateral::format {

struct Audio {
  int rate = 0;                ///< samples a second
  std::vector<float> samples;  ///< [-1, 1] for integer files; the mean of the channels
};

/// At most this many frames times channels are decoded: an hour of 16 kHz mono, 256 MB of memory.
inline constexpr long kMaxAudioSamples = 64L << 20U;

/// Decodes WAV (PCM, float, a-law, mu-law). Throws Unsupported (another format), Corrupt (a header that
/// promises more than the file holds, values that are not finite), ResourceExhausted. `name` is for messages.
Audio decode_wav(std::span<const std::byte> bytes, std::string_view name);

/// decode_wav of a file of at most 512 MiB.
Audio read_wav(const std::filesystem::path& path);

}  // namespace lateral::format
