#pragma once
// The loaded plugins as senses: an encoder each, what its sensor sees now, and the tokens made of it.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/config/config.hpp"
#include "core/connector/connection.hpp"
#include "core/connector/connector_manager.hpp"
#include "core/connector/tokens.hpp"
#include "core/plugin/plugin_host.hpp"
#include "core/runtime/recording.hpp"
#include "core/runtime/sensor_data.hpp"
#include "core/training/example.hpp"
#include "core/training/token_cache.hpp"

namespace lateral::runtime {

/// What a plugin's sensor sees now. The revisions of a plugin share one, so that an upgrade loses no input.
/// Thread safety: all members from any thread.
class SensorInputSlot {
 public:
  void set(std::shared_ptr<const SensorData> data);
  std::shared_ptr<const SensorData> get() const;  ///< null = nothing set yet

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const SensorData> data_;
};

/// One loaded revision of a plugin. Whoever holds it may encode; after an unload or upgrade encoding throws
/// FailedPrecondition.
class Sensor final : public connector::Origin {
 public:
  struct Parts {
    std::shared_ptr<plugin::Revision> revision;
    std::unique_ptr<plugin::Encoder> encoder;
    std::shared_ptr<SensorInputSlot> input;
    std::chrono::milliseconds timeout;  ///< of an encode
    std::uint64_t serial = 0;           ///< unique in the process
  };
  explicit Sensor(Parts parts);

  /// What the host calls the sense; several may be instances of one library.
  const std::string& id() const { return revision_->id(); }
  const std::string& library_id() const { return revision_->facts().library_id; }
  const plugin::EncoderSpec& spec() const { return encoder_->spec(); }
  const std::shared_ptr<plugin::Revision>& revision() const { return revision_; }

  void set_input(std::shared_ptr<const SensorData> data) { input_->set(std::move(data)); }
  std::shared_ptr<const SensorData> input() const { return input_->get(); }
  const std::shared_ptr<SensorInputSlot>& input_slot() const { return input_; }

  /// Tokens [1, M, width]; data with an id are encoded once and kept. Throws what Encoder::encode throws.
  connector::Sample sample(const SensorData& data, const CancelToken& cancel = {}) const;

  /// Tokens of recordings by moment id, each read and encoded once. Throws Cancelled instead of reading another moment, and
  /// what Encoder::encode throws.
  training::TokenProvider provider(const std::vector<Recording>& recordings,
                                   const CancelToken& cancel = {}) const;

 private:
  connector::Tokens encode(const SensorData& data, const CancelToken& cancel) const;

  std::shared_ptr<plugin::Revision> revision_;
  std::shared_ptr<plugin::Encoder> encoder_;
  std::shared_ptr<SensorInputSlot> input_;
  std::chrono::milliseconds timeout_;
  /// Other revisions may give other tokens under the same token space: an answer must not mix them.
  std::string key_;
  mutable training::TokenCache cache_;  // goes with the revision
};

/// Thread safety: all members from any thread.
class Sensors {
 public:
  /// Throws Unsupported when connections of one plugin name different encoders of it.
  explicit Sensors(const config::Config& config);

  /// An id with a table that names a library: an instance of it under that id. Another id or a file: the library's own
  /// id. Throws as PluginHost::load, NotFound with the place in the configuration for a table whose library is not there,
  /// and FailedPrecondition when the id of a file belongs to a table of another library.
  std::shared_ptr<Sensor> load(const std::string& id_or_file);
  /// From now on nobody finds it. Throws NotFound.
  std::shared_ptr<Sensor> remove(const std::string& id);
  /// After remove(). Whoever still holds the sensor can only let go of it. Throws as PluginHost::unload; then the plugin
  /// is still loaded, and restore() brings its sensor back.
  plugin::UnloadReport unload(const std::string& id);
  void restore(const std::shared_ptr<Sensor>& sensor);

  /// Another revision of a loaded plugin, ready to take its place.
  struct Next {
    std::shared_ptr<Sensor> sensor;
    plugin::Successor successor;
  };
  /// From a file, or from what exchange() replaced last. Throws as PluginHost::prepare and prepare_former; then
  /// nothing has changed.
  Next prepare(const std::string& id, const std::filesystem::path& file);
  Next prepare_former(const std::string& id);
  /// Puts `next` in the place of `now` for everybody who looks from now on. The caller closes what `now` holds. Throws
  /// FailedPrecondition when `now` is not the one in place any more.
  /// `next` is taken only if that succeeds.
  void exchange(const std::shared_ptr<Sensor>& now, Next&& next);

  /// Null when it is not loaded.
  std::shared_ptr<Sensor> find(const std::string& id) const;
  /// Throws NotFound saying what is loaded.
  std::shared_ptr<Sensor> at(const std::string& id) const;
  std::vector<std::shared_ptr<Sensor>> all() const;

  const plugin::PluginHost& host() const { return host_; }

 private:
  plugin::LoadOptions options_of(const std::string& id) const;
  /// Loads the revision and returns the id that it has from now on.
  std::string load_named(const std::string& id);
  std::string load_file(const std::string& file);
  /// What the table names; null where it names none.
  const config::LibraryConfig* library_of(const std::string& id) const;
  /// What PluginHost finds the library of this id by. Throws NotFound, saying which table to change.
  std::string sought_for(const std::string& id) const;
  std::shared_ptr<Sensor> make_sensor(std::shared_ptr<plugin::Revision> revision,
                                      std::shared_ptr<SensorInputSlot> input);
  Next next_of(const std::string& id, plugin::Successor successor);
  std::string encoder_of(const std::string& id) const;
  [[noreturn]] void refuse_unloaded(const std::string& id) const;

  std::map<std::string, config::PluginConfig> written_;  // the tables, by id
  std::map<std::string, std::string> encoders_;          // those that connections name, by plugin
  plugin::PluginHost host_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Sensor>> loaded_;
  std::atomic<std::uint64_t> serial_{0};
};

}  // namespace lateral::runtime
