#include "core/runtime/runtime.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>
#include <utility>

#include "core/base/elapsed.hpp"
#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/connector/connector_manager.hpp"
#include "core/runtime/answering.hpp"
#include "core/runtime/caught.hpp"
#include "core/runtime/connection_book.hpp"
#include "core/runtime/evaluation.hpp"
#include "core/runtime/language.hpp"
#include "core/runtime/learning.hpp"
#include "core/runtime/seeing.hpp"
#include "core/runtime/sensors.hpp"
#include "core/runtime/upgrades.hpp"
#include "core/tensor/settings.hpp"

namespace lateral::runtime {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

class Runtime::Parts {
 public:
  explicit Parts(config::Config settings)
      : config(std::move(settings)),
        language((fix_threads(config.run), std::make_shared<const Language>(config.model, config.run.stop))),
        manager(std::make_shared<connector::ConnectorManager>(language->layers())),
        sensors(config),
        book(config, language, sensors, manager),
        upgrades(sensors, book),
        answering(language, manager, config.run),
        learning(language, sensors, book, config.adapt) {}

  static void fix_threads(const config::RunConfig& run) {
    const auto cores = std::max(1U, std::thread::hardware_concurrency());
    tensor::fix_threads(run.threads > 0 ? static_cast<int>(run.threads) : static_cast<int>(cores));
  }

  std::vector<std::string> attach_ready(const Sensor& sensor, std::vector<std::string>& notes) {
    std::vector<std::string> attached;
    for (const auto& connection : book.of_plugin(sensor.id())) {
      try {
        book.attach(connection.name);
        attached.push_back(connection.name);
      } catch (const std::exception& error) {
        notes.emplace_back(error.what());
      }
    }
    return attached;
  }

  UnloadResult unload_removed(const std::string& plugin) {
    UnloadResult result;
    result.plugin = plugin;
    auto start = Clock::now();
    result.detached = book.detach_all_of(plugin);
    upgrades.note_adapted(plugin);
    result.detach_ms = ms_since(start);
    start = Clock::now();
    const auto report = sensors.unload(plugin);
    result.unload_ms = ms_since(start);
    result.outcome = plugin::name_of(report.state);
    result.reason = report.reason;
    return result;
  }

  config::Config config;
  std::shared_ptr<const Language> language;
  std::shared_ptr<connector::ConnectorManager> manager;
  Sensors sensors;
  ConnectionBook book;
  Upgrades upgrades;
  Answering answering;
  std::mutex one_adaptation;
  Learning learning;
  std::atomic<std::size_t> answers_running{0};
};

Runtime::Runtime(config::Config config) : parts_(std::make_unique<Parts>(std::move(config))) {}
Runtime::~Runtime() = default;

LoadResult Runtime::load(const std::string& id_or_file) {
  LoadResult result;
  auto start = Clock::now();
  const auto sensor = parts_->sensors.load(id_or_file);
  result.load_ms = ms_since(start);
  result.plugin = sensor->id();
  result.version = sensor->revision()->facts().version;
  result.library = sensor->library_id();
  result.notes.push_back(sensor->revision()->isolation_note());
  start = Clock::now();
  result.attached = parts_->attach_ready(*sensor, result.notes);
  result.attach_ms = ms_since(start);
  return result;
}

std::vector<LoadResult> Runtime::load_configured() {
  std::vector<std::string> wanted = parts_->config.run.load.value_or(std::vector<std::string>{});
  if (!parts_->config.run.load) {
    for (const auto& connection : parts_->config.connections) {
      if (std::find(wanted.begin(), wanted.end(), connection.plugin) == wanted.end())
        wanted.push_back(connection.plugin);
    }
  }
  std::vector<LoadResult> results;
  for (const std::string& plugin : wanted) {
    try {
      results.push_back(load(plugin));
    } catch (const std::exception& error) {
      LoadResult failed;
      failed.plugin = plugin;
      failed.error = error.what();
      failed.code = errc_of(error);
      results.push_back(std::move(failed));
    }
  }
  return results;
}

UnloadResult Runtime::unload(const std::string& plugin) {
  const auto sensor = parts_->sensors.remove(plugin);
  try {
    return parts_->unload_removed(plugin);
  } catch (...) {
    // The plugin is still there, and only one that is found can be unloaded again.
    parts_->sensors.restore(sensor);
    throw;
  }
}

UpgradeResult Runtime::upgrade(const std::string& plugin, const std::filesystem::path& file,
                               const std::optional<std::filesystem::path>& adapter) {
  return parts_->upgrades.upgrade(plugin, file, adapter);
}

std::vector<std::string> Runtime::wire(const std::vector<std::string>& connections) {
  return parts_->book.wire(connections);
}

void Runtime::attach(const std::string& connection) {
  parts_->book.attach(connection);
}

void Runtime::detach(const std::string& connection) {
  parts_->book.detach(connection);
}

std::vector<std::string> Runtime::attached() const {
  std::vector<std::string> names;
  const auto wiring = parts_->manager->lease();
  for (const auto& connection : wiring->connections()) names.push_back(connection->id);
  return names;
}

void Runtime::set_input(const std::string& plugin, const InputFiles& files) {
  const auto sensor = parts_->sensors.at(plugin);
  set_input(plugin, read_sensor_files(sensor->spec(), files, parts_->config.columns_of(plugin)));
}

void Runtime::set_input(const std::string& plugin, SensorData data) {
  parts_->sensors.at(plugin)->set_input(std::make_shared<const SensorData>(std::move(data)));
}

Answer Runtime::ask(std::string_view question, const AskOptions& options) {
  tensor::enter_thread();
  struct Running {
    std::atomic<std::size_t>& count;
    explicit Running(std::atomic<std::size_t>& counter) : count(counter) { ++count; }
    ~Running() { --count; }
  } const running(parts_->answers_running);

  Answer answer;
  Reply reply = parts_->answering.ask(
      question, see(*parts_->manager, options),
      {.on_text = options.on_text, .cancel = options.cancel, .min_new_tokens = options.min_new_tokens});
  answer.text = std::move(reply.text);
  answer.ids = std::move(reply.ids);
  answer.senses = std::move(reply.senses);
  answer.missing = std::move(reply.missing);
  answer.logits = std::move(reply.logits);
  answer.first_token_ms = reply.first_token_ms;
  answer.total_ms = reply.total_ms;
  return answer;
}

AdaptResult Runtime::adapt(const AdaptRequest& request) {
  tensor::enter_thread();
  const std::unique_lock only(parts_->one_adaptation, std::try_to_lock);
  if (!only) {
    fail(
        Errc::FailedPrecondition, "adapt",
        "another adaptation is running; wait until it has ended, or interrupt the host (SIGINT), which keeps "
        "its checkpoint");
  }
  auto result = parts_->learning.adapt(request);
  if (result.attached) parts_->upgrades.note_adapted(request.plugin);
  return result;
}

RollbackResult Runtime::rollback(const std::string& plugin) {
  return parts_->upgrades.rollback(plugin);
}

Evaluation Runtime::evaluate(const EvaluateRequest& request) {
  tensor::enter_thread();
  return runtime::evaluate(*parts_->language, *parts_->manager->lease(), request);
}

std::vector<Recording> Runtime::recordings(const std::filesystem::path& folder) const {
  return recordings_of(
      format::read_samples(folder),
      [this](const std::string& plugin) {
        const auto sensor = parts_->sensors.find(plugin);
        return sensor == nullptr ? std::nullopt : std::optional(sensor->spec());
      },
      [this](const std::string& plugin) { return parts_->config.columns_of(plugin); });
}

Status Runtime::status() const {
  Status status;
  status.model = parts_->language->folder();
  status.model_identity = parts_->language->identity();
  status.layers = parts_->language->layers();
  status.answers_running = parts_->answers_running;
  for (const auto& sensor : parts_->sensors.all()) {
    const auto& revision = sensor->revision();
    status.plugins.push_back({.id = sensor->id(),
                              .version = revision->facts().version,
                              .state = std::string(plugin::name_of(revision->state())),
                              .library = sensor->library_id(),
                              .isolation = std::string(plugin::name_of(revision->isolation())),
                              .reason = revision->reason(),
                              .file = revision->facts().file,
                              .encoders = revision->encoders(),
                              .has_input = sensor->input() != nullptr});
  }
  for (const auto& connection : parts_->book.configured()) {
    const bool loaded = parts_->sensors.find(connection.plugin) != nullptr;
    const auto state = loaded ? parts_->book.state(connection.name) : ConnectionState{"not loaded", {}};
    status.connections.push_back({.name = connection.name,
                                  .plugin = connection.plugin,
                                  .method = connection.method,
                                  .blocks = blocks_of(connection.blocks, status.layers).text(),
                                  .adapter = connection.adapter.value_or(std::filesystem::path()),
                                  .state = state.name,
                                  .reason = state.reason});
  }
  return status;
}

}  // namespace lateral::runtime
