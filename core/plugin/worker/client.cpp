#include "core/plugin/worker/client.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/plugin/worker/client_ask.hpp"

namespace lateral::plugin::worker {
namespace {

/// How often a waiting caller looks whether the worker still lives; an answer wakes it at once.
constexpr std::chrono::milliseconds kLook{2};
constexpr std::chrono::seconds kReaping{5};

std::size_t reentrant_lanes() {
  return std::clamp(std::thread::hardware_concurrency(), 1U, 8U);
}

/// Calls `visit` with the declaration and the value of each option that its manifest calls a path.
template <typename Visit>
void for_each_path(const PluginFacts& facts, const OptionMap& options, const Visit& visit) {
  if (!facts.manifest) return;
  for (const auto& declared : facts.manifest->options) {
    const auto found = options.find(declared.key);
    if (declared.type != "path" || found == options.end()) continue;
    if (const auto* const file = std::get_if<std::string>(&found->second)) visit(declared, *file);
  }
}

/// Relative ones begin at its own folder, which it may read anyway.
std::vector<std::string> named_files(const PluginFacts& facts, const OptionMap& options) {
  std::vector<std::string> files;
  for_each_path(facts, options, [&](const auto&, const std::string& file) {
    if (file.starts_with('/')) files.push_back(file);
  });
  return files;
}

/// What is to be unpacked for a sandbox, where a plugin has no place to do so itself; each in a folder of its own.
std::map<std::string, PrivateFolder> folders_for(const PluginFacts& facts, const LoadOptions& options) {
  std::map<std::string, PrivateFolder> folders;
  if (!options.worker.sandbox) return folders;
  for_each_path(facts, options.options, [&](const config::ManifestOption& declared, const std::string&) {
    if (!declared.unpack.empty()) folders.try_emplace(declared.key);
  });
  return folders;
}

/// A plugin whose archive was unpacked is told the folder instead.
OptionMap with_folders(OptionMap options, const std::map<std::string, PrivateFolder>& folders) {
  for (const auto& [key, folder] : folders) {
    if (!std::filesystem::is_empty(folder.path())) options[key] = folder.path().string();
  }
  return options;
}

LoadRequest load_request(const PluginFacts& facts, const LoadOptions& all,
                         const std::map<std::string, PrivateFolder>& folders) {
  const WorkerOptions& options = all.worker;
  LoadRequest request;
  request.id = all.id;
  request.library_id = facts.library_id;
  request.version = facts.version;
  request.minor_built = facts.abi_minor_built;
  request.minor_required = facts.abi_minor_required;
  request.flags = facts.flags;
  request.folder = facts.file.parent_path().string();
  request.log_level = static_cast<std::int32_t>(log::level());
  request.sandbox = options.sandbox;
  request.memory_limit = options.memory_limit;
  request.threads = options.threads;
  request.libraries = facts.host_libraries;
  request.readable = named_files(facts, all.options);
  for_each_path(facts, all.options, [&](const config::ManifestOption& declared, const std::string& file) {
    const auto folder = folders.find(declared.key);
    if (folder == folders.end()) return;
    const auto archive = facts.file.parent_path() / file;  // an absolute one stays as it is
    request.unpack.push_back({archive.string(), declared.unpack, folder->second.path().string()});
  });
  return request;
}

}  // namespace

Client::Client(const VerifiedPlugin& plugin, const LoadOptions& options)
    : id_(options.id),
      timeouts_(*options.timeouts),
      folders_(folders_for(plugin.facts, options)),
      process_(plugin.image, id_, 2 + reentrant_lanes()),
      book_(process_.lanes()) {
  loaded_ = ask_in_turn<LoadReply>(Question::Load, load_request(plugin.facts, options, folders_), "loading",
                                   timeouts_.load);
  ask_in_turn<Nothing>(Question::Init, with_folders(options.options, folders_), "init", timeouts_.init);
  encoders_ =
      ask_in_turn<EncodersReply>(Question::Encoders, Nothing{}, "encoder_info", timeouts_.call).encoders;
  const bool reentrant =
      std::any_of(encoders_.begin(), encoders_.end(), [](const EncoderSpec& spec) { return spec.reentrant; });
  ask_in_turn<Nothing>(
      Question::OpenLanes,
      LanesRequest{loaded_.cancels, reentrant ? static_cast<std::uint32_t>(reentrant_lanes()) : 0},
      "starting threads", timeouts_.call);
}

template <typename Answer, typename Request>
Answer Client::ask_in_turn(Question question, const Request& request, std::string_view what,
                           std::chrono::milliseconds timeout) {
  const auto until = Clock::now() + timeout;
  const LaneBook::Hold hold(book_, book_.take(false, [&] {
    if (gone()) died();
    if (Clock::now() < until) return;
    fail(Errc::DeadlineExceeded, id_, what, " waited ", timeout.count(), " ms for another call");
  }));
  return ask<Answer>(process_.lane(hold.lane()), question, request, what, until);
}

bool Client::wait(Lane& lane, Clock::time_point until) {
  while (true) {
    const auto left = std::min<Clock::duration>(until - Clock::now(), kLook);
    if (lane.answered(left)) return true;
    // It may have answered and ended between the two looks.
    if (gone()) {
      if (lane.answered({})) return true;
      died();
    }
    if (left <= left.zero()) return false;
  }
}

void Client::died() {
  fail(Errc::PluginFault, id_, "its worker ", fault());
}

void Client::condemn(std::string fault) {
  {
    const std::lock_guard lock(fault_mutex_);
    if (fault_.empty()) fault_ = std::move(fault);
  }
  end();
}

void Client::end() noexcept {
  process_.kill();
  process_.wait_until_gone(Clock::now() + kReaping);
}

std::string Client::fault() const {
  const std::lock_guard lock(fault_mutex_);
  if (!fault_.empty()) return fault_;
  return process_.cause() + (asked_.empty() ? " while idle" : " in " + std::string(asked_.front()));
}

void Client::refuse(const Failure& failure) {
  if (failure.overran) condemn("wrote past the end of a tensor");
  // "where: message", as Error joins them.
  constexpr std::size_t kMaxReason = 1000;
  const auto text = shown(failure.text, kMaxReason);
  const auto split = text.find(": ");
  if (split == text.npos) fail(failure.code, id_, text);
  throw Error(failure.code, text.substr(0, split), text.substr(split + 2));
}

std::uint64_t Client::create(std::uint32_t encoder, const OptionMap& options) {
  const auto handle =
      ask_in_turn<Handle>(Question::Create, CreateRequest{encoder, options}, "create", timeouts_.init).value;
  const std::lock_guard lock(handles_mutex_);
  if (!handles_.insert(handle).second)
    fail(Errc::PluginFault, "plugin", "gave the handle ", handle, " twice");
  return handle;
}

void Client::destroy(std::uint64_t handle) {
  {
    const std::lock_guard lock(handles_mutex_);
    if (handles_.erase(handle) == 0) return;
  }
  ask_in_turn<Nothing>(Question::Destroy, Handle{handle}, "destroy", timeouts_.call);
}

std::string Client::shut_down() {
  std::string complaint;
  const auto attempt = [&](const auto& body) {
    try {
      body();
    } catch (const std::exception& error) {
      complaint += (complaint.empty() ? "" : "; ") + std::string(error.what());
    }
  };
  attempt([&] {
    while (!handles_.empty()) destroy(*handles_.begin());
  });
  if (gone()) return complaint;
  const auto until = Clock::now() + timeouts_.call;
  const auto ns = static_cast<std::uint64_t>(std::chrono::nanoseconds(until.time_since_epoch()).count());
  attempt([&] { ask_in_turn<Nothing>(Question::Shutdown, ShutdownRequest{ns}, "shutdown", timeouts_.call); });
  attempt([&] {
    if (!process_.wait_until_gone(Clock::now() + timeouts_.call))
      fail(Errc::DeadlineExceeded, id_, "its static destructors do not return");
    if (process_.cause() != "ended itself with exit status 0")
      fail(Errc::PluginFault, id_, "its worker ", process_.cause(), " after shutdown");
  });
  return complaint;
}

}  // namespace lateral::plugin::worker
