#include "core/format/wav.hpp"

#include <sndfile.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>

#include "core/base/error.hpp"
#include "core/base/file.hpp"

namespace lateral::format {
namespace {

constexpr std::uint64_t kMaxWavBytes = 512ULL << 20U;
constexpr int kMaxChannels = 64;
constexpr int kMaxRate = 768000;
constexpr std::uint32_t kUnknownLength = 0xFFFFFFFF;  // what programs write that stream into a pipe

/// libsndfile reads what is there and says nothing of what is missing, so the chunks are walked here first.
void check_chunks(std::span<const std::byte> bytes, std::string_view name) {
  const auto is = [&](std::size_t at, const char* tag) {
    return bytes.size() >= at + 4 && std::memcmp(bytes.data() + at, tag, 4) == 0;
  };
  if (!is(0, "RIFF") || !is(8, "WAVE")) fail(Errc::Unsupported, "wav", name, " is not a RIFF/WAVE file");
  for (std::size_t at = 12; at + 8 <= bytes.size();) {
    std::uint32_t length = 0;
    std::memcpy(&length, bytes.data() + at + 4, sizeof length);
    const bool data = is(at, "data");
    if (data && length == kUnknownLength) return;
    if (length > bytes.size() - at - 8) {
      fail(Errc::Corrupt, "wav", name, " is truncated: a chunk of ", length, " bytes has only ",
           bytes.size() - at - 8);
    }
    if (data) return;
    at += 8 + static_cast<std::size_t>(length) + (length & 1U);
  }
  fail(Errc::Corrupt, "wav", name, " has no sound data");
}

/// A file in memory, as libsndfile wants to see it.
struct Memory {
  std::span<const std::byte> bytes;
  sf_count_t at = 0;

  sf_count_t size() const { return static_cast<sf_count_t>(bytes.size()); }
};

sf_count_t seek(sf_count_t offset, int whence, void* user) {
  auto& memory = *static_cast<Memory*>(user);
  const sf_count_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? memory.at : memory.size();
  sf_count_t target = 0;
  if (__builtin_add_overflow(base, offset, &target)) return memory.at;
  memory.at = std::clamp<sf_count_t>(target, 0, memory.size());
  return memory.at;
}

sf_count_t read(void* out, sf_count_t count, void* user) {
  auto& memory = *static_cast<Memory*>(user);
  const sf_count_t got = std::clamp<sf_count_t>(count, 0, memory.size() - memory.at);
  if (got > 0) std::memcpy(out, memory.bytes.data() + memory.at, static_cast<std::size_t>(got));
  memory.at += got;
  return got;
}

SF_VIRTUAL_IO memory_io() {
  return {[](void* user) { return static_cast<Memory*>(user)->size(); }, seek, read,
          [](const void*, sf_count_t, void*) -> sf_count_t { return 0; },
          [](void* user) { return static_cast<Memory*>(user)->at; }};
}

void check_info(const SF_INFO& info, std::string_view name) {
  if (info.channels < 1 || info.channels > kMaxChannels || info.samplerate < 1 ||
      info.samplerate > kMaxRate || info.frames < 0) {
    fail(Errc::Corrupt, "wav", name, " has ", info.channels, " channels at ", info.samplerate, " Hz");
  }
  if (info.frames > kMaxAudioSamples / info.channels) {
    fail(Errc::ResourceExhausted, "wav", name, " has ", info.frames, " frames of ", info.channels,
         " channels; at most ", kMaxAudioSamples, " samples are read");
  }
}

std::vector<float> to_mono(const std::vector<float>& interleaved, std::size_t channels) {
  std::vector<float> mono(interleaved.size() / channels);
  for (std::size_t i = 0; i < mono.size(); ++i) {
    float sum = 0;
    for (std::size_t c = 0; c < channels; ++c) sum += interleaved[i * channels + c];
    mono[i] = sum / static_cast<float>(channels);
  }
  return mono;
}

}  // namespace

Audio decode_wav(std::span<const std::byte> bytes, std::string_view name) {
  check_chunks(bytes, name);
  Memory memory{bytes};
  SF_VIRTUAL_IO io = memory_io();
  SF_INFO info{};
  const std::unique_ptr<SNDFILE, int (*)(SNDFILE*)> file(sf_open_virtual(&io, SFM_READ, &info, &memory),
                                                         sf_close);
  if (file == nullptr) fail(Errc::Corrupt, "wav", name, ": ", sf_strerror(nullptr));
  check_info(info, name);

  std::vector<float> interleaved(static_cast<std::size_t>(info.frames * info.channels));
  const sf_count_t got = sf_readf_float(file.get(), interleaved.data(), info.frames);
  if (got != info.frames) {
    fail(Errc::Corrupt, "wav", name, " promises ", info.frames, " frames and holds ", got);
  }
  Audio audio{info.samplerate, to_mono(interleaved, static_cast<std::size_t>(info.channels))};
  if (!std::all_of(audio.samples.begin(), audio.samples.end(), [](float v) { return std::isfinite(v); })) {
    fail(Errc::Corrupt, "wav", name, " has values that are not finite numbers");
  }
  return audio;
}

Audio read_wav(const std::filesystem::path& path) {
  return decode_wav(read_bytes(path, kMaxWavBytes), path.string());
}

}  // namespace lateral::format
