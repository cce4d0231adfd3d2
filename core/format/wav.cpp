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

struct Chunks {
  std::span<const std::byte> format, data;
};

std::uint32_t u32_at(std::span<const std::byte> bytes, std::size_t at) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

/// PCM, float, a-law and mu-law; "extensible" says which one of them behind the usual fields.
void check_coding(std::span<const std::byte> format, std::string_view name) {
  constexpr std::size_t kShort = 16, kExtensible = 40, kSubformat = 24;
  const auto code_at = [&](std::size_t at) {
    return std::to_integer<int>(format[at]) | std::to_integer<int>(format[at + 1]) << 8;
  };
  if (format.size() < kShort || format.size() > kExtensible || format.size() % 2 != 0) {
    fail(Errc::Corrupt, "wav", name, " has a format of ", format.size(), " bytes");
  }
  int code = code_at(0);
  if (code == 0xFFFE && format.size() == kExtensible) code = code_at(kSubformat);
  if (code != 1 && code != 3 && code != 6 && code != 7) {
    fail(Errc::Unsupported, "wav", name, " has coding ", code,
         "; read are PCM (1), float (3), a-law (6), mu-law (7)");
  }
}

Chunks find_chunks(std::span<const std::byte> bytes, std::string_view name) {
  const auto is = [&](std::size_t at, const char* tag) {
    return bytes.size() >= at + 4 && std::memcmp(bytes.data() + at, tag, 4) == 0;
  };
  if (!is(0, "RIFF") || !is(8, "WAVE")) fail(Errc::Unsupported, "wav", name, " is not a RIFF/WAVE file");
  Chunks found;
  for (std::size_t at = 12; at + 8 <= bytes.size();) {
    std::size_t length = u32_at(bytes, at + 4);
    const auto content = bytes.subspan(at + 8);
    if (is(at, "data") && length == kUnknownLength) length = content.size();
    if (length > content.size()) {
      fail(Errc::Corrupt, "wav", name, " is truncated: a chunk of ", length, " bytes has only ",
           content.size());
    }
    if (is(at, "fmt ") && found.format.empty()) found.format = content.first(length);
    if (is(at, "data")) {
      found.data = content.first(length);
      check_coding(found.format, name);
      return found;
    }
    at += 8 + length + (length & 1U);
  }
  fail(Errc::Corrupt, "wav", name, " has no sound data");
}

/// A file of the two chunks that matter, in memory, as libsndfile wants to see it. Its readers of the others (cue
/// points, notes, samplers' loops) believe the counts they find and may read for minutes; and of what is missing it
/// says nothing.
class Memory {
 public:
  explicit Memory(const Chunks& chunks) : data_(chunks.data) {
    const auto add = [&](std::string_view tag, std::size_t length) {
      const auto bytes = std::as_bytes(std::span(tag));
      head_.insert(head_.end(), bytes.begin(), bytes.end());
      for (int shift = 0; shift < 32; shift += 8)
        head_.push_back(static_cast<std::byte>(length >> shift & 0xFFU));
    };
    constexpr std::size_t kHeaders = 4 + 8 + 8;  // "WAVE" and the heads of two chunks
    add("RIFF", kHeaders + chunks.format.size() + data_.size());
    const auto wave = std::as_bytes(std::span("WAVE").first(4));
    head_.insert(head_.end(), wave.begin(), wave.end());
    add("fmt ", chunks.format.size());
    head_.insert(head_.end(), chunks.format.begin(), chunks.format.end());
    add("data", data_.size());
  }

  sf_count_t size() const { return static_cast<sf_count_t>(head_.size() + data_.size()); }
  sf_count_t tell() const { return at_; }

  sf_count_t seek(sf_count_t offset, int whence) {
    const sf_count_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? at_ : size();
    sf_count_t target = 0;
    if (!__builtin_add_overflow(base, offset, &target)) at_ = std::clamp<sf_count_t>(target, 0, size());
    return at_;
  }

  sf_count_t read(std::byte* out, sf_count_t count) {
    const sf_count_t before = at_;
    for (const std::span<const std::byte> part : {std::span<const std::byte>(head_), data_}) {
      const sf_count_t skip = part.data() == head_.data() ? at_ : at_ - static_cast<sf_count_t>(head_.size());
      const sf_count_t got = std::min(count, static_cast<sf_count_t>(part.size()) - skip);
      if (got <= 0) continue;
      out = std::copy_n(part.begin() + skip, got, out);
      at_ += got;
      count -= got;
    }
    return at_ - before;
  }

 private:
  std::vector<std::byte> head_;
  std::span<const std::byte> data_;
  sf_count_t at_ = 0;
};

Memory& memory_of(void* user) {
  return *static_cast<Memory*>(user);
}

SF_VIRTUAL_IO memory_io() {
  return {[](void* user) { return memory_of(user).size(); },
          [](sf_count_t offset, int whence, void* user) { return memory_of(user).seek(offset, whence); },
          [](void* out, sf_count_t count, void* user) {
            return memory_of(user).read(static_cast<std::byte*>(out), count);
          },
          [](const void*, sf_count_t, void*) -> sf_count_t { return 0; },
          [](void* user) { return memory_of(user).tell(); }};
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
  Memory memory(find_chunks(bytes, name));
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
