#pragma once
// The connections that a configuration names, their adapters on disk and in memory, and which of them are attached.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/config.hpp"
#include "core/connector/adapter.hpp"
#include "core/connector/adapter_file.hpp"
#include "core/connector/connector_manager.hpp"
#include "core/plugin/encoder_spec.hpp"
#include "core/runtime/language.hpp"
#include "core/runtime/sensors.hpp"

namespace lateral::runtime {

struct ConnectionState {
  std::string name;    ///< "attached", "ready", "no adapter", "unreadable"
  std::string reason;  ///< why its adapter's file is unreadable
};

/// Whatever is attached carries the sensor that was loaded at that moment.
/// Thread safety: all members from any thread; changes follow each other, answers never wait for them.
class ConnectionBook {
 public:
  /// Throws InvalidArgument, naming file and line, for blocks or methods that this model cannot have.
  ConnectionBook(const config::Config& config, std::shared_ptr<const Language> language, Sensors& sensors,
                 std::shared_ptr<connector::ConnectorManager> manager);

  const std::vector<config::ConnectionConfig>& configured() const { return configs_; }
  /// Throws NotFound listing those there are.
  const config::ConnectionConfig& named(const std::string& connection) const;
  /// The connections of a plugin, in file order.
  std::vector<config::ConnectionConfig> of_plugin(const std::string& plugin) const;
  /// The plugin's only connection. Throws FailedPrecondition when the configuration has none, or several.
  const config::ConnectionConfig& only_of_plugin(const std::string& plugin) const;

  /// The adapter as it is in memory or on disk, checked against model and loaded encoder. Throws NotFound when the
  /// plugin is not loaded, FailedPrecondition ("train one: lateral adapt ...") when there is no adapter, and what
  /// load_adapter throws.
  std::shared_ptr<const connector::Adapter> adapter_for(const std::string& connection);

  /// Attaches it, or exchanges it in one step if it is attached. Throws as adapter_for().
  void attach(const std::string& connection);
  /// Attaches exactly these connections in one step; an empty list: beside what is attached, every one whose plugin is
  /// loaded and that has an adapter. Returns them in file order. Throws NotFound for an unknown name, and as
  /// adapter_for(); then nothing has changed.
  std::vector<std::string> wire(const std::vector<std::string>& connections);
  /// Throws NotFound when it is not attached.
  void detach(const std::string& connection);
  /// All connections of a plugin that nobody finds any more. They forget the adapters that upgrades brought, and have
  /// again what was there before. Returns those that were attached.
  std::vector<std::string> detach_all_of(const std::string& plugin);

  /// What a fresh adapter of this connection must say.
  connector::AdapterInfo fresh_info(const config::ConnectionConfig& connection, const Sensor& sensor,
                                    std::int64_t inner, std::uint64_t seed) const;

  /// Makes `adapter` the connection's own and attaches it; with `save` writes its file, and FILE.previous becomes the
  /// adapter that was in use. The former adapter is kept for rollback(). Returns the file written, or an empty path.
  /// Throws NotFound when the plugin is not loaded, AbiMismatch when it was upgraded to another token space meanwhile.
  std::filesystem::path publish(const std::string& connection,
                                std::shared_ptr<const connector::Adapter> adapter, bool save);
  /// Restores memory and disk to what they were before the last publish(), and attaches. If that wrote the file, also
  /// in an earlier process, FILE and FILE.previous are exchanged and memory gets what FILE holds then; otherwise the
  /// disk is left alone. The next call exchanges them back. Throws FailedPrecondition when there is no former adapter,
  /// and what load_adapter throws; then nothing has changed.
  void rollback(const std::string& connection);

  /// Upgrades: exchanges the sensor of a plugin together with everything that is attached of it, so that no answer sees
  /// one without the other. Throws AbiMismatch, naming both token spaces, when an adapter does not fit the tokens of
  /// `next`, and what Sensors::exchange throws; then nothing has changed.
  void exchange_sensor(const std::shared_ptr<Sensor>& now, Sensors::Next next);
  /// The same with another adapter for the plugin's only connection, which is attached; rollback() knows the former
  /// one. Throws FailedPrecondition (several connections) and what load_adapter throws.
  void exchange_sensor(const std::shared_ptr<Sensor>& now, Sensors::Next next,
                       const std::filesystem::path& adapter);
  /// The same with the adapter before the last change, which was one in memory. Without one the connection is detached.
  void exchange_sensor_back(const std::shared_ptr<Sensor>& now, Sensors::Next next);

  ConnectionState state(const std::string& connection) const;

 private:
  /// An adapter and the connection made of it once, so that attaching is the exchange of a pointer.
  struct Trained {
    std::shared_ptr<const connector::Adapter> adapter;
    std::shared_ptr<const connector::Connection> connection;
    bool saved = false;  ///< its file, or FILE.previous, holds it
  };
  struct Adapters {
    Trained current;  ///< null: not read yet
    /// Before a publish() that wrote no file; it may be null. Nothing here: FILE.previous is the former one.
    std::optional<Trained> former;
  };
  struct Entry {
    Adapters now;
    /// What the first upgrade with an adapter of its own found, while nothing was learned since.
    std::optional<Adapters> before_upgrade;
  };
  std::size_t index_of(const std::string& connection) const;
  Trained trained(const config::ConnectionConfig& config,
                  std::shared_ptr<const connector::Adapter> adapter) const;
  Trained from_disk(const config::ConnectionConfig& config, const std::filesystem::path& file,
                    const plugin::EncoderSpec& encoder) const;
  connector::AdapterUse use_of(const plugin::EncoderSpec& encoder) const;
  void require_fit(const config::ConnectionConfig& config, const connector::Adapter& adapter,
                   const plugin::EncoderSpec& encoder, std::string_view advice = {}) const;
  void roll_back_memory(Adapters& adapters, const config::ConnectionConfig& config,
                        const plugin::EncoderSpec& encoder) const;
  void roll_back_files(Adapters& adapters, const config::ConnectionConfig& config,
                       const plugin::EncoderSpec& encoder) const;
  /// What an upgrade makes of one connection; its entry gets it once the exchange is certain.
  struct Replacement {
    std::size_t index;
    Trained trained;
  };
  /// `mutex_` is held; a `next` that is refused is closed by the caller, after the lock.
  void exchange_all(const std::shared_ptr<Sensor>& now, Sensors::Next&& next,
                    const std::optional<Replacement>& replacement);
  bool attached(const std::string& connection) const;
  /// Of one that is not attached. `mutex_` is held.
  ConnectionState detached_state(std::size_t index) const;
  /// All that are attached or can be. `mutex_` is held.
  std::set<std::size_t> ready() const;
  /// The current one, read from disk at first use. `mutex_` is held.
  const Trained& current(std::size_t index, const plugin::EncoderSpec& encoder);

  std::shared_ptr<const Language> language_;
  Sensors& sensors_;
  std::shared_ptr<connector::ConnectorManager> manager_;
  std::vector<config::ConnectionConfig> configs_;
  mutable std::mutex mutex_;
  std::vector<Entry> entries_;  // beside configs_
};

/// The set of blocks that a configuration means. Throws InvalidArgument with the place in the file.
wiring::BlockSet blocks_of(const config::BlocksConfig& blocks, int layers);

}  // namespace lateral::runtime
