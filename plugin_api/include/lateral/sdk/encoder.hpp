#pragma once
// What a plugin author derives from.

#include <lateral/sdk/host.hpp>
#include <lateral/sdk/options.hpp>
#include <lateral/sdk/tensor.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

namespace lateral::sdk {

/// One declared input. -1 = any.
struct Input {
  std::string name;
  std::uint32_t kind = 0;
  std::uint32_t dtype = 0;
  std::vector<std::int64_t> shape;
  std::vector<std::string> columns;
  std::string units;
  double rate_hz = 0;
  bool optional = false;

  /// u8 [views, height, width, 3], RGB
  static Input image(std::string name, std::int64_t views = -1, std::int64_t height = -1,
                     std::int64_t width = -1) {
    return {std::move(name), LAT_INPUT_IMAGE, LAT_DTYPE_U8, {views, height, width, 3}, {}, {}, 0, false};
  }
  /// f32 [points, columns]; the host picks these columns in this order
  static Input points(std::string name, std::vector<std::string> columns, std::string units = "m") {
    const auto width = static_cast<std::int64_t>(columns.size());
    return {std::move(name),
            LAT_INPUT_POINTS,
            LAT_DTYPE_F32,
            {-1, width},
            std::move(columns),
            std::move(units),
            0,
            false};
  }
  /// f32 [rows, columns]
  static Input table(std::string name, std::vector<std::string> columns, std::string units = "") {
    Input input = points(std::move(name), std::move(columns), std::move(units));
    input.kind = LAT_INPUT_TABLE;
    return input;
  }
  /// f32 [samples], mono
  static Input audio(std::string name, double rate_hz) {
    return {std::move(name), LAT_INPUT_AUDIO, LAT_DTYPE_F32, {-1}, {}, {}, rate_hz, false};
  }
  /// u8 [bytes]
  static Input text(std::string name) {
    return {std::move(name), LAT_INPUT_TEXT, LAT_DTYPE_U8, {-1}, {}, {}, 0, false};
  }
  static Input raw(std::string name) {
    return {std::move(name), LAT_INPUT_RAW, LAT_DTYPE_U8, {-1}, {}, {}, 0, false};
  }
};

/// What lat_encoder_info and the token capabilities say, as values.
struct Info {
  std::string name = {};
  std::string modality = {};
  std::string token_space = {};
  std::uint32_t token_width = 0;
  std::uint32_t max_tokens = 0;
  std::vector<Input> inputs = {};
  bool reentrant = false;
  bool deterministic = true;
  double token_limit = 0;                       ///< largest magnitude of a token component, 0 = not stated
  bool scores = false;                          ///< encode fills out.scores()
  std::uint32_t key_width = 0;                  ///< > 0: encode fills out.keys()
  std::vector<std::string> position_axes = {};  ///< not empty: encode fills out.positions()
  std::string position_units = {};
};

struct Plan {
  std::uint32_t tokens = UINT32_MAX;  ///< upper bound; default: max_tokens of info()
  std::uint64_t workspace_bytes = 0;
};

/// Threads: one call at a time on the plugin's own thread; plan and encode of one object run on several
/// threads at once if info() says reentrant. Throw sdk::fail(LAT_..., text) or any exception.
class Encoder {
 public:
  virtual ~Encoder() = default;
  virtual Info info() const = 0;
  /// What encode will need; only shapes may decide.
  virtual Plan plan(const Inputs&) { return {}; }
  virtual void encode(const Inputs& in, Outputs& out) = 0;
};

/// Several encoders in one plugin.
template <typename... Types>
struct Encoders {};

namespace detail {

using Make = std::unique_ptr<Encoder> (*)(const Host&, Options&);

template <typename Type>
std::unique_ptr<Encoder> make_encoder(const Host& host, Options& options) {
  if constexpr (std::is_constructible_v<Type, const Host&, Options&>) {
    return std::make_unique<Type>(host, options);
  } else if constexpr (std::is_constructible_v<Type, Options&>) {
    return std::make_unique<Type>(options);
  } else if constexpr (std::is_constructible_v<Type, const Host&>) {
    return std::make_unique<Type>(host);
  } else {
    return std::make_unique<Type>();
  }
}

template <typename Type>
struct Makers {
  static std::vector<Make> list() { return {&make_encoder<Type>}; }
};
template <typename... Types>
struct Makers<Encoders<Types...>> {
  static std::vector<Make> list() { return {&make_encoder<Types>...}; }
};

}  // namespace detail
}  // namespace lateral::sdk
