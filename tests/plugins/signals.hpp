#pragma once
// Plugins that compute with the host's libtorch, loaded from the build folder.

#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "core/base/file.hpp"
#include "core/plugin/plugin_host.hpp"
#include "core/tensor/settings.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"

namespace lateral::test {

inline plugin::LoadOptions where(plugin::OptionMap options, plugin::Isolation isolation,
                                 bool sandbox = false) {
  tensor::fix_threads(1);
  return {
      .options = std::move(options), .isolation = isolation, .worker = {.sandbox = sandbox, .threads = 1}};
}

/// One plugin of the build folder and its encoder.
struct Loaded {
  explicit Loaded(const std::string& name, plugin::OptionMap options,
                  plugin::Isolation isolation = plugin::Isolation::Thread, bool sandbox = false)
      : host({build_folder() / "lib/lateral"}) {
    host.load(name, where(std::move(options), isolation, sandbox));
    encoder = host.make_encoder(name);
  }

  plugin::PluginHost host;
  std::unique_ptr<plugin::Encoder> encoder;
};

inline float largest_difference(std::span<const float> a, std::span<const float> b) {
  REQUIRE(a.size() == b.size());
  float largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

/// The tokens of `encode(encoder)` wherever the plugin runs; it must be proven unmapped each time.
template <typename Encode>
void expect_same_bits(const std::string& name, const plugin::OptionMap& options, Encode&& encode) {
  std::vector<std::vector<float>> results;
  for (const auto& [isolation, sandbox] : {std::pair{plugin::Isolation::Thread, false},
                                           {plugin::Isolation::Process, false},
                                           {plugin::Isolation::Process, true}}) {
    Loaded loaded(name, options, isolation, sandbox);
    const auto tokens = encode(*loaded.encoder);
    results.emplace_back(tokens.tokens.values().begin(), tokens.tokens.values().end());
    loaded.encoder.reset();
    const auto report = loaded.host.unload(name);
    INFO(report.reason);
    CHECK(report.unmapped());
  }
  for (const auto& other : {std::cref(results[1]), std::cref(results[2])}) {
    REQUIRE(results[0].size() == other.get().size());
    CHECK(std::memcmp(results[0].data(), other.get().data(), results[0].size() * sizeof(float)) == 0);
  }
}

}  // namespace lateral::test
