#pragma once
// The recorded encoders of tests/fixtures/vision, and a host to run them in.

#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../../core/plugin/fixtures.hpp"
#include "core/base/file.hpp"
#include "core/format/json.hpp"
#include "core/format/safetensors.hpp"
#include "core/tensor/settings.hpp"

namespace lateral::test {

inline std::filesystem::path vision_model(const std::string& family) {
  return repository() / "tests/fixtures/vision" / family;
}

/// A copy of a recorded directory, to be changed.
struct ModelCopy {
  explicit ModelCopy(const std::string& family) {
    std::filesystem::copy(vision_model(family), folder.path(), std::filesystem::copy_options::recursive);
  }
  /// Replaces the one place where `from` stands.
  void change(const std::string& file, const std::string& from, const std::string& to) const {
    auto text = read_text(folder / file, 1U << 20U);
    const auto at = text.find(from);
    if (at == text.npos) throw std::runtime_error(file + " holds no " + from);
    test::write_file(folder / file, text.replace(at, from.size(), to));
  }
  /// Each tensor becomes those that `become` makes of it.
  template <typename Become>
  void rewrite_weights(Become&& become) const {
    const auto path = folder / "model.safetensors";
    const format::SafetensorsFile file(path);
    std::vector<format::TensorView> tensors;
    for (const auto& tensor : file.tensors()) {
      for (auto& made : become(tensor)) tensors.push_back(std::move(made));
    }
    format::write_safetensors(path, tensors);
  }
  TemporaryFolder folder;
};

/// The plugin in a host of its own.
class Vision {
 public:
  explicit Vision(plugin::OptionMap options, plugin::LoadOptions place = in_thread()) {
    tensor::fix_threads(2);
    place.options = std::move(options);
    place.worker.threads = 2;
    host_.load((build_folder() / "lib/lateral/vision.lateral.so").string(), std::move(place));
    encoder_ = host_.make_encoder("vision");
  }

  plugin::Tokens encode(const std::vector<std::uint8_t>& pixels, std::vector<std::int64_t> shape) {
    const plugin::Input input{
        "image", plugin::InputKind::Image, plugin::DType::U8, std::move(shape), pixels.data(), {}};
    return encoder_->encode({&input, 1});
  }
  const plugin::EncoderSpec& spec() const { return encoder_->spec(); }
  plugin::UnloadReport unload() {
    encoder_.reset();
    return host_.unload("vision");
  }

 private:
  plugin::PluginHost host_;
  std::unique_ptr<plugin::Encoder> encoder_;
};

/// Where a tensor's numbers begin in the bytes of a small safetensors file.
inline std::size_t numbers_of(const std::string& bytes, const std::string& tensor) {
  std::uint64_t header = 0;
  std::memcpy(&header, bytes.data(), sizeof header);
  const auto entry = bytes.find('"' + tensor + '"');
  constexpr std::string_view kOffsets = "\"data_offsets\":[";
  return sizeof header + header + std::stoul(bytes.substr(bytes.find(kOffsets, entry) + kOffsets.size(), 12));
}

inline plugin::OptionMap options_in(const format::json::Value& written, const std::filesystem::path& model) {
  plugin::OptionMap options{{"model", model.string()}};
  for (std::size_t i = 0; i < written.size(); ++i) {
    const std::string key(written.key(i));
    if (written[i].is(format::json::Kind::String)) {
      options[key] = std::string(written[i].as_string());
    } else {
      options[key] = written[i].as_int();
    }
  }
  return options;
}

}  // namespace lateral::test
