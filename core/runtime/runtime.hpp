#pragma once
// The live host: a running language model whose senses come and go. Everything the command line, the demo and an
// embedding program need; no torch in this header.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/base/error.hpp"
#include "core/config/config.hpp"
#include "core/plugin/encoder_spec.hpp"
#include "core/runtime/recording.hpp"
#include "core/runtime/sensor_data.hpp"

namespace lateral::runtime {

struct LoadResult {
  std::string plugin, version;
  std::string library;                ///< id of the library that it is an instance of; mostly its own
  std::vector<std::string> attached;  ///< connections that are attached since
  std::vector<std::string> notes;     ///< for people: isolation, connections without an adapter, ...
  std::string error;                  ///< load_configured() only: why it did not load
  Errc code = Errc::Internal;         ///< of the error
  double load_ms = 0, attach_ms = 0;
};

struct UnloadResult {
  std::string plugin;
  std::vector<std::string> detached;
  std::string outcome;  ///< "unmapped" (proven) or "retired" (closed, and still mapped)
  std::string reason;   ///< why it is retired
  double detach_ms = 0, unload_ms = 0;
};

/// A plugin exchanged for another revision of it.
struct UpgradeResult {
  std::string plugin, from, version;  ///< versions before and now
  std::string token_space;
  std::string outcome;  ///< of the former revision: "unmapped" (proven), "retired" or "quarantined"
  std::string reason;   ///< why it is not unmapped
  double prepare_ms = 0, exchange_ms = 0, close_ms = 0;
};

struct RollbackResult {
  std::string plugin;
  std::optional<UpgradeResult> upgrade;  ///< absent: the adapter was exchanged, not the plugin
};

/// A sense that could have taken part in an answer and did not.
struct Missing {
  std::string connection, reason;
};

struct Answer {
  std::string text;
  std::vector<std::int64_t> ids;    ///< as generated, with the id that ended it if one did
  std::vector<std::string> senses;  ///< connections that took part
  std::vector<Missing> missing;
  std::string logits;  ///< 16 hexadecimal digits over the bits of the last logits; empty with beams
  double first_token_ms = 0, total_ms = 0;
};

struct AskOptions {
  std::function<void(std::string_view piece)> on_text;  ///< text as it appears
  CancelToken cancel;
  std::int64_t min_new_tokens = 0;  ///< until then nothing ends the answer
  /// What the senses see, by plugin; nothing here = the inputs set before. An empty map: nothing is seen.
  std::optional<std::map<std::string, SensorData>> inputs;
};

/// Progress of long work; may be called from another thread than the caller's, one call at a time.
struct WorkProgress {
  std::string phase;
  std::int64_t step = 0, steps = 0;
  double loss = 0, seconds_left = -1;
};

struct AdaptRequest {
  std::string plugin;                    ///< whose connection learns
  std::vector<Recording> recordings;     ///< those of split "train" are learned from
  std::optional<std::string> teacher;    ///< plugin of the old sense; absent = learn from labels
  std::optional<double> budget_seconds;  ///< absent = the configuration's
  bool force = false;                    ///< attach and keep also what failed its check
  bool save = true;                      ///< write the adapter file of the connection
  CancelToken cancel;
  std::function<void(const WorkProgress&)> progress;
};

struct AdaptResult {
  std::string connection;
  bool attached = false;
  std::string verdict;            ///< one sentence: passed, or what is missing
  std::filesystem::path adapter;  ///< the file written; empty when none was
  double seconds = 0;
  std::int64_t steps = 0;
  std::int64_t samples = 0;  ///< labelled questions, or paired moments
  std::map<std::string, double>
      measures;  ///< held-out: "accuracy", or "explained", "skill", "agreement", "kl"
};

/// Share of right answers with its 95 % Wilson interval.
struct Score {
  std::string name;
  std::int64_t right = 0, questions = 0;
  double accuracy = 0, low = 0, high = 0, f1 = 0;
};

enum class Control {
  None,      ///< what the senses really saw
  Nothing,   ///< no sense attached
  Shuffled,  ///< each sense sees another moment
};

struct EvaluateRequest {
  std::vector<Recording> recordings;
  std::string split = "test";  ///< empty = all
  Control control = Control::None;
  std::uint64_t seed = 0;  ///< of the shuffling
  CancelToken cancel;
  std::function<void(const WorkProgress&)> progress;
};

struct Evaluation {
  Score all;
  std::vector<Score> by_type;
  std::vector<std::string> answers;  ///< in the order of the recordings' questions
  Score majority;  ///< the most frequent "train" answer to each question text, on the same questions
  double seconds = 0;
};

struct PluginStatus {
  std::string id, version, state;
  std::string library;    ///< id of the library that it is an instance of; mostly its own
  std::string isolation;  ///< "thread" or "process"
  std::string reason;     ///< why it is in its state, e.g. how its worker ended; may be empty
  std::filesystem::path file;
  std::vector<plugin::EncoderSpec> encoders;
  bool has_input = false;
};
struct ConnectionStatus {
  std::string name, plugin, method, blocks;
  std::filesystem::path adapter;
  std::string state;   ///< "attached", "ready", "no adapter", "unreadable" (its adapter's file), "not loaded"
  std::string reason;  ///< why it is unreadable
};
struct Status {
  std::filesystem::path model;
  std::string model_identity;
  int layers = 0;
  std::vector<PluginStatus> plugins;
  std::vector<ConnectionStatus> connections;
  std::size_t answers_running = 0;
};

/// Thread safety: every member may be called from any thread. Answers run side by side and keep the wiring they began
/// with; loading, attaching, detaching and unloading never wait for an answer. One adaptation at a time.
class Runtime {
 public:
  /// Loads the model; no plugin yet. Throws what is wrong with the configuration, the model or the device.
  explicit Runtime(config::Config config);
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  /// Loads what [run] load names, or else every plugin of a connection, and attaches what has an adapter. A plugin
  /// that fails does not keep the others from loading: its result carries the error.
  std::vector<LoadResult> load_configured();

  /// An id (of a table that names its library, or of a library in the search folders) or a file, which is loaded under its
  /// library's own id. Attaches its configured connections that have an adapter.
  LoadResult load(const std::string& id_or_file);
  /// Detaches its connections and unloads it; waits for its running encodes alone. When that throws, the plugin is still
  /// loaded, and can be unloaded again.
  UnloadResult unload(const std::string& plugin);

  /// Exchanges a loaded plugin for the one in `file` while answers go on. The new one is loaded, initialised and encodes
  /// made-up inputs before anything changes; then plugin and connections are exchanged in one step. Encodes that run end
  /// on the former one, which is closed then; an answer has its tokens from one of the two. With the same token space
  /// the adapters stay; `adapter` is a file for the tokens of the new one. Inputs that were set stay. Throws NotFound,
  /// InvalidArgument (a file of another library), AbiMismatch (an adapter does not fit; both token spaces are named),
  /// FailedPrecondition (upgraded or unloaded meanwhile), PluginFault, and what loading throws; then the former one is
  /// attached and serves as before.
  UpgradeResult upgrade(const std::string& plugin, const std::filesystem::path& file,
                        const std::optional<std::filesystem::path>& adapter = {});

  /// Attaches exactly these connections in one step; an empty list: every one whose plugin is loaded and that has an
  /// adapter. When one of them is refused, nothing has changed.
  std::vector<std::string> wire(const std::vector<std::string>& connections);
  void attach(const std::string& connection);
  void detach(const std::string& connection);
  std::vector<std::string> attached() const;

  /// What the plugin's sensor sees from now on.
  void set_input(const std::string& plugin, const InputFiles& files);
  void set_input(const std::string& plugin, SensorData data);

  Answer ask(std::string_view question, const AskOptions& options = {});

  /// Learns a connection in the calling thread while answers go on, checks it on held-out moments and attaches it. The
  /// former adapter stays for a rollback.
  AdaptResult adapt(const AdaptRequest& request);
  /// Undoes the last change of a plugin; a second call does it again. After an upgrade: back to the former revision, from
  /// the copy in memory, whatever its file holds now, and to the former adapter if that was exchanged with it. Otherwise
  /// back to the adapter before the last adaptation, in memory and on disk, also if that was made by an earlier process
  /// (FILE.previous). Throws FailedPrecondition when there is none, NotFound when the plugin is not loaded, what
  /// upgrade() throws, and Corrupt or AbiMismatch for a FILE.previous that cannot be used; then nothing has changed.
  RollbackResult rollback(const std::string& plugin);

  Evaluation evaluate(const EvaluateRequest& request);

  /// The moments of a data directory, for the plugins that are loaded.
  std::vector<Recording> recordings(const std::filesystem::path& folder) const;

  Status status() const;

 private:
  class Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace lateral::runtime
