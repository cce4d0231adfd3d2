#pragma once
// The loaded plugins as senses: an encoder each, what its sensor sees now, and the tokens made of it.

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/config/config.hpp"
#include "core/connector/tokens.hpp"
#include "core/plugin/plugin_host.hpp"
#include "core/runtime/recording.hpp"
#include "core/runtime/sensor_data.hpp"
#include "core/training/example.hpp"
#include "core/training/token_cache.hpp"

namespace lateral::runtime {

/// One loaded plugin. Whoever holds it may encode; after an unload encode() throws FailedPrecondition.
class Sensor {
 public:
  Sensor(std::string id, std::unique_ptr<plugin::Encoder> encoder,
         std::shared_ptr<training::TokenCache> cache);

  const std::string& id() const { return id_; }
  const plugin::EncoderSpec& spec() const { return encoder_->spec(); }

  void set_input(std::shared_ptr<const SensorData> data);
  std::shared_ptr<const SensorData> input() const;  ///< null = nothing set yet

  /// Tokens [1, M, width]; data with an id are encoded once and kept. Throws what Encoder::encode throws.
  connector::Tokens tokens(const SensorData& data, const CancelToken& cancel = {}) const;

  /// Tokens of recordings by moment id, each read and encoded once.
  training::TokenProvider provider(const std::vector<Recording>& recordings) const;

 private:
  connector::Tokens encode(const SensorData& data, const CancelToken& cancel) const;

  std::string id_;
  std::shared_ptr<plugin::Encoder> encoder_;
  std::shared_ptr<training::TokenCache> cache_;
  mutable std::mutex mutex_;
  std::shared_ptr<const SensorData> input_;
};

/// Thread safety: all members from any thread.
class Sensors {
 public:
  /// Throws Unsupported when connections of one plugin name different encoders of it.
  explicit Sensors(const config::Config& config);

  std::shared_ptr<Sensor> load(const std::string& id_or_file);
  /// Throws NotFound.
  plugin::UnloadReport unload(const std::string& id);

  /// Null when it is not loaded.
  std::shared_ptr<Sensor> find(const std::string& id) const;
  /// Throws NotFound saying what is loaded.
  std::shared_ptr<Sensor> at(const std::string& id) const;
  std::vector<std::shared_ptr<Sensor>> all() const;

  const plugin::PluginHost& host() const { return host_; }

 private:
  plugin::LoadOptions options_of(const std::string& id) const;
  std::string encoder_of(const std::string& id) const;

  std::map<std::string, config::PluginConfig> written_;
  std::map<std::string, std::string> encoders_;  // those that connections name, by plugin
  plugin::PluginHost host_;
  std::shared_ptr<training::TokenCache> cache_ = std::make_shared<training::TokenCache>();
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Sensor>> loaded_;
};

}  // namespace lateral::runtime
