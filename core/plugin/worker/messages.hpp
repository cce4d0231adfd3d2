#pragma once
// What host and worker say to each other. The host asks, the worker answers; each lane carries one question at
// a time. What a worker says is as hostile as its plugin: `parse` copies the bytes first and checks every one.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "core/plugin/encoder_spec.hpp"
#include "core/plugin/options.hpp"
#include "core/plugin/worker/wire.hpp"

namespace lateral::plugin::worker {

/// The first number of a request.
enum class Question : std::uint32_t {
  Load = 1,   ///< LoadRequest -> LoadReply
  Init,       ///< OptionMap -> nothing
  Encoders,   ///< nothing -> EncodersReply
  OpenLanes,  ///< LanesRequest -> nothing
  Create,     ///< CreateRequest -> Handle
  Destroy,    ///< Handle -> nothing
  Encode,     ///< EncodeRequest -> EncodeReply
  Cancel,     ///< CancelRequest -> nothing
  Shutdown,   ///< ShutdownRequest -> nothing
};

struct Nothing {};

/// Files of a zip archive that are to lie in a folder before the sandbox is closed.
struct UnpackRequest {
  std::string archive;
  std::string prefix;  ///< of their names
  std::string folder;  ///< empty, the host's, for this worker
};

struct LoadRequest {
  std::string id;          ///< what the host calls the plugin
  std::string library_id;  ///< from here to `flags` as the ELF note has them
  std::string version;
  std::uint32_t minor_built = 0;
  std::uint32_t minor_required = 0;
  std::uint32_t flags = 0;
  std::string folder;  ///< of the plugin's file
  std::int32_t log_level = 0;
  bool sandbox = false;
  std::uint64_t memory_limit = 0;      ///< bytes
  std::uint32_t threads = 0;           ///< of a tensor operation; 0 = the library decides
  std::vector<std::string> libraries;  ///< of the host, to be mapped before the plugin
  std::vector<std::string> readable;   ///< what a sandbox may read besides `folder`
  std::vector<UnpackRequest> unpack;   ///< for a sandbox, which may read these folders as well
};

struct LoadReply {
  bool cancels = false;            ///< the plugin has a function `cancel`
  std::vector<std::string> lacks;  ///< parts of the sandbox that this kernel does not have
};

struct EncodersReply {
  std::vector<EncoderSpec> encoders;
};

struct LanesRequest {
  bool cancel = false;          ///< lane 1 is to be served
  std::uint32_t reentrant = 0;  ///< so many lanes from lane 2 on
};

struct CreateRequest {
  std::uint32_t encoder = 0;
  OptionMap options;
};

struct Handle {
  std::uint64_t value = 0;
};

/// Where an input lies in the lane's arena.
struct InputPlace {
  std::uint32_t input = 0;  ///< index in the encoder's declaration
  std::vector<std::int64_t> shape;
  std::uint64_t offset = 0;
  std::int64_t time_ns = 0;
};

struct EncodeRequest {
  std::uint32_t encoder = 0;
  std::uint64_t handle = 0;
  std::uint64_t request = 0;
  std::uint64_t deadline_ns = 0;
  std::uint64_t outputs_at = 0;   ///< offset of the first output
  std::uint64_t arena_bytes = 0;  ///< how much of the arena there is
  std::vector<InputPlace> inputs;
};

struct EncodeReply {
  std::uint32_t planned = 0;   ///< tokens; where the outputs lie follows from it
  std::uint32_t n_tokens = 0;  ///< 0 = nothing was encoded: the arena is too small for the plan
};

struct CancelRequest {
  std::uint64_t handle = 0;
  std::uint64_t request = 0;
};

struct ShutdownRequest {
  std::uint64_t deadline_ns = 0;
};

/// Why a question was answered with no.
struct Failure {
  Errc code = Errc::PluginFault;
  std::string text;      ///< Error::what()
  bool overran = false;  ///< the plugin wrote where it must not: nothing it says is worth anything now
};

void write(Writer& out, const Nothing& message);
void write(Writer& out, const LoadRequest& message);
void write(Writer& out, const LoadReply& message);
void write(Writer& out, const OptionMap& message);
void write(Writer& out, const EncodersReply& message);
void write(Writer& out, const LanesRequest& message);
void write(Writer& out, const CreateRequest& message);
void write(Writer& out, const Handle& message);
void write(Writer& out, const EncodeRequest& message);
void write(Writer& out, const EncodeReply& message);
void write(Writer& out, const CancelRequest& message);
void write(Writer& out, const ShutdownRequest& message);
void write(Writer& out, const Failure& message);

/// Reads the rest of a message. Throws PluginFault.
template <typename Message>
Message read(Reader& in);

/// A whole message. Throws PluginFault unless all of it is in order.
template <typename Message>
Message parse(std::span<const std::byte> bytes) {
  Reader in(bytes);
  auto message = read<Message>(in);
  in.finish();
  return message;
}

/// An answer: the message, or a Failure, which goes to `refused`; that throws. Throws PluginFault for nonsense.
template <typename Message, typename Refused>
Message parse_answer(std::span<const std::byte> bytes, Refused&& refused) {
  Reader in(bytes);
  if (!in.flag()) {
    const auto failure = read<Failure>(in);
    in.finish();
    refused(failure);
    fail(Errc::Internal, "worker", "a refusal was ignored");
  }
  auto message = read<Message>(in);
  in.finish();
  return message;
}

}  // namespace lateral::plugin::worker
