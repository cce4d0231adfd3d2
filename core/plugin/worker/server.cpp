#include "core/plugin/worker/server.hpp"

#include <unistd.h>

#include <algorithm>
#include <string>
#include <thread>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/format/zip.hpp"
#include "core/plugin/float_mode.hpp"
#include "core/plugin/host_libraries.hpp"
#include "core/plugin/options.hpp"
#include "core/plugin/status.hpp"
#include "core/plugin/worker/arena_encode.hpp"
#include "core/plugin/worker/limits.hpp"
#include "core/plugin/worker/sandbox.hpp"

namespace lateral::plugin::worker {
namespace {

/// To the host, in one write so that lines of several threads do not mix; "<level>" in front.
void send_line(log::Level level, std::string_view, std::string_view text) {
  std::string line = "<" + std::to_string(static_cast<int>(level)) + ">" + std::string(text);
  std::replace(line.begin(), line.end(), '\n', ' ');
  line.push_back('\n');
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

Writer refusal(const Failure& failure) {
  Writer out;
  write(out.flag(false), failure);
  return out;
}

template <typename Message>
Message rest(Reader& in) {
  auto message = read<Message>(in);
  in.finish();
  return message;
}

/// What is no archive, or is damaged, is left to the plugin, which says it in its own words.
void unpack(const UnpackRequest& request) {
  try {
    if (!format::is_zip(request.archive)) return;
    format::zip_contents(request.archive);
  } catch (const Error&) {
    return;
  }
  format::unpack_zip(request.archive, request.prefix, request.folder);
}

lat_note_desc note_of(const LoadRequest& request) {
  lat_note_desc note{};
  note.abi_major = LAT_ABI_MAJOR;
  note.abi_minor_built = request.minor_built;
  note.abi_minor_required = request.minor_required;
  note.flags = request.flags;
  request.library_id.copy(note.id, sizeof note.id - 1);
  request.version.copy(note.version, sizeof note.version - 1);
  return note;
}

}  // namespace

Server::Server(std::shared_ptr<const SealedImage> image, std::vector<Lane> lanes)
    : image_(std::move(image)), lanes_(std::move(lanes)) {}

Server::~Server() = default;

void Server::serve() {
  while (!ended_) serve_lane(lanes_.front());
  host_.reset();  // joins the threads lent to parallel_for
  library_->close();
}

void Server::serve_lane(Lane& lane) {
  const auto question = lane.next_question();
  const FloatModeGuard guard;
  auto reply = answer(lane, question);
  if (reply.bytes().size() > Lane::kMessageBytes)
    reply = refusal({Errc::PluginFault, "worker: the plugin says more than fits into an answer", false});
  lane.reply(reply.bytes());
}

Writer Server::answer(Lane& lane, std::span<const std::byte> question) {
  try {
    Reader in(question);
    Writer out;
    out.flag(true);
    dispatch(static_cast<Question>(in.number<std::uint32_t>()), in, lane, out);
    return out;
  } catch (const Error& error) {
    return refusal({error.code(), error.what(), false});
  } catch (const Overrun&) {
    return refusal({Errc::PluginFault, id_ + ": wrote past the end of a tensor", true});
  } catch (const std::exception& error) {
    return refusal(
        {Errc::PluginFault, id_ + ": an exception crossed the plugin's border: " + error.what(), false});
  } catch (...) {
    return refusal({Errc::PluginFault, id_ + ": an unknown exception crossed the plugin's border", false});
  }
}

void Server::dispatch(Question question, Reader& in, Lane& lane, Writer& out) {
  switch (question) {
    case Question::Load:
      return write(out, load(rest<LoadRequest>(in)));
    case Question::Init:
      return init(rest<OptionMap>(in));
    case Question::Encoders:
      return write(out, read_encoders());
    case Question::OpenLanes:
      return open_lanes(rest<LanesRequest>(in));
    case Question::Create:
      return write(out, create(rest<CreateRequest>(in)));
    case Question::Destroy:
      return destroy(rest<Handle>(in));
    case Question::Encode:
      return write(out, encode(rest<EncodeRequest>(in), lane));
    case Question::Cancel: {
      const auto request = rest<CancelRequest>(in);
      return table_.functions.cancel(request.handle, request.request);
    }
    case Question::Shutdown:
      return shut_down(rest<ShutdownRequest>(in));
  }
  fail(Errc::Internal, "worker", "does not know the question ", static_cast<std::uint32_t>(question));
}

LoadReply Server::load(const LoadRequest& request) {
  id_ = request.id;
  log::set_level(static_cast<log::Level>(request.log_level));
  // The host's own libraries come first, and what it wants unpacked: neither limits nor sandbox are meant for them.
  if (request.threads > 0) limit_compute_threads(request.threads);
  map_libraries(request.libraries);
  for (const auto& one : request.unpack) unpack(one);
  limit_resources(request.memory_limit, request.sandbox);
  LoadReply reply;
  if (request.sandbox) {
    std::vector<std::filesystem::path> readable(request.readable.begin(), request.readable.end());
    readable.emplace_back(request.folder);
    for (const auto& one : request.unpack) readable.emplace_back(one.folder);
    reply.lacks = enter_sandbox(readable, lanes_.front().header().forbidden);
  }
  host_.emplace(id_, request.folder, "plugin", &send_line);
  library_ = std::make_unique<PluginLibrary>(image_);
  const lat_plugin* const table = library_->entry()(host_->table());
  // Two sanitizers in one process do not go together; here the plugin is alone.
  const std::uint32_t sanitizer = table == nullptr ? LAT_SANITIZER : copy_known(table).sanitizer;
  table_ = negotiate(table, note_of(request), LAT_ABI_MINOR, sanitizer);
  reply.cancels = table_.functions.cancel != nullptr;
  return reply;
}

void Server::init(OptionMap options) {
  const OptionTable table(std::move(options));
  ErrorText text;
  throw_unless_ok(table_.functions.init(host_->context(), table.data(), table.size(), text.err()), text,
                  "init");
}

EncodersReply Server::read_encoders() {
  encoders_.clear();
  const std::uint32_t count = read_encoder_count(table_.functions);
  for (std::uint32_t i = 0; i < count; ++i) encoders_.push_back(read_encoder_spec(table_.functions, i));
  return {encoders_};
}

void Server::open_lanes(const LanesRequest& request) {
  const auto serve_on = [this](Lane& lane) {
    std::thread([this, &lane] {
      while (true) serve_lane(lane);
    }).detach();  // they end with the process
  };
  if (request.cancel) serve_on(lanes_.at(1));
  for (std::uint32_t i = 0; i < request.reentrant; ++i) serve_on(lanes_.at(2 + i));
}

Handle Server::create(const CreateRequest& request) {
  const OptionTable table(request.options);
  Handle handle;
  ErrorText text;
  throw_unless_ok(
      table_.functions.create(request.encoder, table.data(), table.size(), &handle.value, text.err()), text,
      "create");
  return handle;
}

void Server::destroy(const Handle& handle) {
  ErrorText text;
  throw_unless_ok(table_.functions.destroy(handle.value, text.err()), text, "destroy");
}

EncodeReply Server::encode(const EncodeRequest& request, Lane& lane) {
  return encode_in_arena(table_.functions, encoders_.at(request.encoder), request, lane);
}

void Server::shut_down(const ShutdownRequest& request) {
  ended_ = true;
  ErrorText text;
  throw_unless_ok(table_.functions.shutdown(request.deadline_ns, text.err()), text, "shutdown");
}

}  // namespace lateral::plugin::worker
