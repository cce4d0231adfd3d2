#include "core/format/picture_filter.hpp"

#include <algorithm>
#include <cmath>

#include "core/base/file.hpp"
#include "core/base/sha256.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"

using namespace lateral;
using namespace lateral::format;

namespace {

Image pattern(int width, int height) {
  Image image{height, width, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c)
        image.rgb.push_back(static_cast<std::uint8_t>((x * x * 7 + y * y * 13 + x * y * 5 + c * 29) % 256));
    }
  }
  return image;
}

std::string hash(const Image& image) {
  return sha256(std::as_bytes(std::span(image.rgb))).substr(0, 16);
}

/// Pillow's bicubic resize with antialiasing, slow and plain: the reference pictures went through it last.
struct Resize {
  static double weight(double x) {
    constexpr double a = -0.5;
    x = std::abs(x);
    if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
  }
  /// Along rows, to `width`; each weight is a fraction of 2^22, each result eight bits.
  static Image rows(const Image& in, int width) {
    Image out{in.height, width, std::vector<std::uint8_t>(static_cast<std::size_t>(in.height * width * 3))};
    const double scale = static_cast<double>(in.width) / width, reach = 2 * std::max(scale, 1.0);
    for (int x = 0; x < width; ++x) {
      const double center = (x + 0.5) * scale;
      const int first = std::max(0, static_cast<int>(center - reach + 0.5));
      const int last = std::min(in.width, static_cast<int>(center + reach + 0.5));
      std::vector<double> weights;
      double sum = 0;
      for (int i = first; i < last; ++i)
        sum += weights.emplace_back(weight((i - center + 0.5) / std::max(scale, 1.0)));
      for (int y = 0; y < in.height; ++y) {
        for (int c = 0; c < 3; ++c) {
          std::int64_t value = 1 << 21;
          for (int i = first; i < last; ++i) {
            const double share = weights[static_cast<std::size_t>(i - first)] / sum * (1 << 22);
            value += static_cast<std::int64_t>(share + (share < 0 ? -0.5 : 0.5)) *
                     in.rgb[static_cast<std::size_t>((y * in.width + i) * 3 + c)];
          }
          out.rgb[static_cast<std::size_t>((y * width + x) * 3 + c)] =
              static_cast<std::uint8_t>(std::clamp<std::int64_t>(value >> 22, 0, 255));
        }
      }
    }
    return out;
  }
  static Image turned(const Image& in) {
    Image out{in.width, in.height, {}};
    for (int x = 0; x < in.width; ++x) {
      for (int y = 0; y < in.height; ++y) {
        const auto* const pixel = in.rgb.data() + (y * in.width + x) * 3;
        out.rgb.insert(out.rgb.end(), pixel, pixel + 3);
      }
    }
    return out;
  }
};

/// Whether a PPM file ends with these pixels.
bool is_published(const Image& image, const std::filesystem::path& ppm) {
  const std::string file = read_text(ppm, 1U << 20U);
  if (file.size() <= image.rgb.size()) return false;
  return std::equal(image.rgb.begin(), image.rgb.end(),
                    file.end() - static_cast<std::ptrdiff_t>(image.rgb.size()),
                    [](std::uint8_t a, char b) { return a == static_cast<std::uint8_t>(b); });
}

Image resized(const Image& image) {
  return Resize::turned(Resize::rows(Resize::turned(Resize::rows(image, 224)), 224));
}

}  // namespace

TEST_CASE("radius and brightness outside their range are refused") {
  Image image = pattern(4, 4);
  for (const float radius : {-1.0F, 1001.0F, std::nanf("")})
    CHECK(test::thrown_by([&] { gaussian_blur(image, radius); }).code == Errc::InvalidArgument);
  for (const float factor : {-0.1F, 1.1F, std::nanf("")})
    CHECK(test::thrown_by([&] { dim(image, factor); }).code == Errc::InvalidArgument);
}

// The hashes are of what Pillow 13.0.0 gives for the same bytes.
TEST_CASE("the blur gives Pillow's bytes, also of pictures smaller than its box") {
  CHECK(hash(gaussian_blur(pattern(40, 30), 7)) == "9bb1610420560643");
  CHECK(hash(gaussian_blur(pattern(40, 30), 0.4F)) == "8fb82b4d91e1a8c2");
  CHECK(hash(gaussian_blur(pattern(40, 30), 2.5F)) == "83bb037054300955");
  CHECK(hash(gaussian_blur(pattern(3, 2), 7)) == "22fb9200e138f62a");
  CHECK(hash(gaussian_blur(pattern(64, 5), 20)) == "902c39d1cac35073");
  CHECK(hash(gaussian_blur(pattern(1, 1), 3)) == "38eea14b03c59c6e");
  CHECK(gaussian_blur(pattern(5, 4), 0).rgb == pattern(5, 4).rgb);
}

TEST_CASE("dimming gives Pillow's bytes") {
  Image image = pattern(256, 256);
  dim(image, 0.2F);
  CHECK(hash(image) == "a622673d66b5007a");
  CHECK(hash(night_of(pattern(40, 30))) == "86b4998f5e5486e2");
}

TEST_CASE("nights of real pictures are the published ones, bit for bit after the resize") {
  const auto frame = test::real_data("nuscenes_frames/mmdet3d_demo");
  if (!frame) return;
  int days = 0, nights = 0;
  for (const auto& entry : std::filesystem::directory_iterator(*frame)) {
    const std::string name = entry.path().filename().string();
    if (entry.path().extension() != ".jpg") continue;
    const std::string channel = name.substr(name.find("__") + 2, name.rfind("__") - name.find("__") - 2);
    CAPTURE(channel);
    const Image picture = read_image(entry.path());
    days += is_published(resized(picture), *frame / "pil224" / (channel + ".ppm")) ? 1 : 0;
    const auto night = *frame / "pil224" / (channel + ".night.ppm");
    if (!std::filesystem::exists(night)) continue;
    CHECK(is_published(resized(night_of(picture)), night));
    ++nights;
  }
  CHECK(days == 6);
  CHECK(nights == 2);
}
