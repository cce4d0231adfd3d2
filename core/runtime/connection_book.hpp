#pragma once
// The connections that a configuration names, their adapters on disk and in memory, and which of them are attached.

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/config/config.hpp"
#include "core/connector/adapter.hpp"
#include "core/connector/adapter_file.hpp"
#include "core/connector/connector_manager.hpp"
#include "core/plugin/encoder_spec.hpp"
#include "core/runtime/language.hpp"

namespace lateral::runtime {

/// Thread safety: all members from any thread; changes follow each other, answers never wait for them.
class ConnectionBook {
 public:
  /// Throws InvalidArgument, naming file and line, for blocks or methods that this model cannot have.
  ConnectionBook(const config::Config& config, std::shared_ptr<const Language> language,
                 std::shared_ptr<connector::ConnectorManager> manager);

  const std::vector<config::ConnectionConfig>& configured() const { return configs_; }
  /// Throws NotFound listing those there are.
  const config::ConnectionConfig& named(const std::string& connection) const;
  /// The connections of a plugin, in file order.
  std::vector<config::ConnectionConfig> of_plugin(const std::string& plugin) const;
  /// The plugin's only connection. Throws FailedPrecondition when the configuration has none, or several.
  const config::ConnectionConfig& only_of_plugin(const std::string& plugin) const;

  /// The adapter as it is on disk or in memory, checked against model and encoder. Throws FailedPrecondition ("train
  /// one: lateral adapt ...") when there is none, and what load_adapter throws.
  std::shared_ptr<const connector::Adapter> adapter_for(const std::string& connection,
                                                        const plugin::EncoderSpec& encoder);

  /// Attaches it, or exchanges it in one step if it is attached. Throws as adapter_for().
  void attach(const std::string& connection, const plugin::EncoderSpec& encoder);
  bool attached(const std::string& connection) const;
  /// Throws NotFound when it is not attached.
  void detach(const std::string& connection);

  /// What a fresh adapter of this connection must say.
  connector::AdapterInfo fresh_info(const config::ConnectionConfig& connection,
                                    const plugin::EncoderSpec& encoder, std::int64_t inner,
                                    std::uint64_t seed) const;

  /// Makes `adapter` the connection's own and attaches it; with `save` writes its file, and FILE.previous becomes the
  /// adapter that was in use. The former adapter is kept for rollback(). Returns the file written, or an empty path.
  std::filesystem::path publish(const std::string& connection,
                                std::shared_ptr<const connector::Adapter> adapter, bool save);
  /// Restores memory and disk to what they were before the last publish(), and attaches. If that wrote the file, also
  /// in an earlier process, FILE and FILE.previous are exchanged and memory gets what FILE holds then; otherwise the
  /// disk is left alone. The next call exchanges them back. Throws FailedPrecondition when there is no former adapter,
  /// and what load_adapter throws; then nothing has changed.
  void rollback(const std::string& connection, const plugin::EncoderSpec& encoder);

  /// "attached", "ready", "no adapter".
  std::string state(const std::string& connection) const;

 private:
  /// An adapter and the connection made of it once, so that attaching is the exchange of a pointer.
  struct Trained {
    std::shared_ptr<const connector::Adapter> adapter;
    std::shared_ptr<const connector::Connection> connection;
    bool saved = false;  ///< its file, or FILE.previous, holds it
  };
  struct Entry {
    Trained current;  ///< null: not read yet
    /// Before a publish() that wrote no file; it may be null. Nothing here: FILE.previous is the former one.
    std::optional<Trained> former;
  };
  std::size_t index_of(const std::string& connection) const;
  Trained trained(const config::ConnectionConfig& config,
                  std::shared_ptr<const connector::Adapter> adapter) const;
  Trained from_disk(const config::ConnectionConfig& config, const std::filesystem::path& file,
                    const plugin::EncoderSpec& encoder) const;
  connector::AdapterUse use_of(const plugin::EncoderSpec& encoder) const;
  void roll_back_memory(Entry& entry, const config::ConnectionConfig& config,
                        const plugin::EncoderSpec& encoder) const;
  void roll_back_files(Entry& entry, const config::ConnectionConfig& config,
                       const plugin::EncoderSpec& encoder) const;
  /// The current one, read from disk at first use. `mutex_` is held.
  const Trained& current(std::size_t index, const plugin::EncoderSpec& encoder);

  std::shared_ptr<const Language> language_;
  std::shared_ptr<connector::ConnectorManager> manager_;
  std::vector<config::ConnectionConfig> configs_;
  mutable std::mutex mutex_;
  std::vector<Entry> entries_;  // beside configs_
};

/// The set of blocks that a configuration means. Throws InvalidArgument with the place in the file.
wiring::BlockSet blocks_of(const config::BlocksConfig& blocks, int layers);

}  // namespace lateral::runtime
