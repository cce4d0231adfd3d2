#include "core/plugin/worker/messages.hpp"

#include <utility>
#include <variant>

namespace lateral::plugin::worker {
namespace {

// The fewest bytes that one item of a list can have: with all its texts and lists empty.
constexpr std::size_t kMinOption = 9;
constexpr std::size_t kMinUnpack = 12;
constexpr std::size_t kMinInput = 30;
constexpr std::size_t kMinEncoder = 38;
constexpr std::size_t kMinExtra = 16;
constexpr std::size_t kMinPlace = 24;

struct OptionWriter {
  Writer& out;
  void operator()(const std::string& value) const { out.text(value); }
  void operator()(std::int64_t value) const { out.number(value); }
  void operator()(double value) const { out.number(value); }
  void operator()(bool value) const { out.flag(value); }
  void operator()(const std::vector<std::int64_t>& value) const { out.numbers(value); }
  void operator()(const std::vector<std::uint8_t>& value) const { out.numbers(value); }
};

OptionValue read_option(Reader& in) {
  switch (const auto type = in.number<std::uint32_t>()) {
    case 0:
      return in.text();
    case 1:
      return in.number<std::int64_t>();
    case 2:
      return in.number<double>();
    case 3:
      return in.flag();
    case 4:
      return in.numbers<std::int64_t>();
    case 5:
      return in.numbers<std::uint8_t>();
    default:
      fail(Errc::PluginFault, "worker", "a message has an option of the unknown type ", type);
  }
}

void write_input(Writer& out, const InputSpec& spec) {
  out.text(spec.name).number(static_cast<std::uint32_t>(spec.kind)).flag(spec.dtype == DType::F32);
  out.numbers(spec.shape).texts(spec.columns).text(spec.units).number(spec.rate_hz).flag(spec.optional);
}

InputSpec read_input(Reader& in) {
  InputSpec spec;
  spec.name = in.text();
  spec.kind = static_cast<InputKind>(in.number<std::uint32_t>());
  spec.dtype = in.flag() ? DType::F32 : DType::U8;
  spec.shape = in.numbers<std::int64_t>();
  spec.columns = in.texts();
  spec.units = in.text();
  spec.rate_hz = in.number<double>();
  spec.optional = in.flag();
  return spec;
}

void write_encoder(Writer& out, const EncoderSpec& spec) {
  out.text(spec.name).text(spec.modality).text(spec.token_space);
  out.number(spec.token_width).number(spec.max_tokens).number(spec.token_limit);
  out.flag(spec.reentrant).flag(spec.deterministic);
  out.number(static_cast<std::uint32_t>(spec.inputs.size()));
  for (const auto& input : spec.inputs) write_input(out, input);
  out.number(static_cast<std::uint32_t>(spec.extras.size()));
  for (const auto& extra : spec.extras)
    out.text(extra.name).number(extra.width).texts(extra.axes).text(extra.units);
}

EncoderSpec read_encoder(Reader& in) {
  EncoderSpec spec;
  spec.name = in.text();
  spec.modality = in.text();
  spec.token_space = in.text();
  spec.token_width = in.number<std::uint32_t>();
  spec.max_tokens = in.number<std::uint32_t>();
  spec.token_limit = in.number<double>();
  spec.reentrant = in.flag();
  spec.deterministic = in.flag();
  spec.inputs.resize(in.count(kMinInput));
  for (auto& input : spec.inputs) input = read_input(in);
  spec.extras.resize(in.count(kMinExtra));
  for (auto& extra : spec.extras) {
    extra.name = in.text();
    extra.width = in.number<std::uint32_t>();
    extra.axes = in.texts();
    extra.units = in.text();
  }
  return spec;
}

}  // namespace

void write(Writer&, const Nothing&) {}

void write(Writer& out, const LoadRequest& message) {
  out.text(message.id).text(message.library_id).text(message.version);
  out.number(message.minor_built).number(message.minor_required);
  out.number(message.flags).text(message.folder).number(message.log_level);
  out.flag(message.sandbox).number(message.memory_limit).number(message.threads);
  out.texts(message.libraries).texts(message.readable);
  out.number(static_cast<std::uint32_t>(message.unpack.size()));
  for (const auto& one : message.unpack) out.text(one.archive).text(one.prefix).text(one.folder);
}

void write(Writer& out, const LoadReply& message) {
  out.flag(message.cancels).texts(message.lacks);
}

void write(Writer& out, const OptionMap& message) {
  out.number(static_cast<std::uint32_t>(message.size()));
  for (const auto& [key, value] : message) {
    out.text(key).number(static_cast<std::uint32_t>(value.index()));
    std::visit(OptionWriter{out}, value);
  }
}

void write(Writer& out, const EncodersReply& message) {
  out.number(static_cast<std::uint32_t>(message.encoders.size()));
  for (const auto& encoder : message.encoders) write_encoder(out, encoder);
}

void write(Writer& out, const LanesRequest& message) {
  out.flag(message.cancel).number(message.reentrant);
}

void write(Writer& out, const CreateRequest& message) {
  out.number(message.encoder);
  write(out, message.options);
}

void write(Writer& out, const Handle& message) {
  out.number(message.value);
}

void write(Writer& out, const EncodeRequest& message) {
  out.number(message.encoder).number(message.handle).number(message.request).number(message.deadline_ns);
  out.number(message.outputs_at).number(message.arena_bytes);
  out.number(static_cast<std::uint32_t>(message.inputs.size()));
  for (const auto& place : message.inputs)
    out.number(place.input).numbers(place.shape).number(place.offset).number(place.time_ns);
}

void write(Writer& out, const EncodeReply& message) {
  out.number(message.planned).number(message.n_tokens);
}

void write(Writer& out, const CancelRequest& message) {
  out.number(message.handle).number(message.request);
}

void write(Writer& out, const ShutdownRequest& message) {
  out.number(message.deadline_ns);
}

void write(Writer& out, const Failure& message) {
  out.number(static_cast<std::uint32_t>(message.code)).text(message.text).flag(message.overran);
}

template <>
Nothing read(Reader&) {
  return {};
}

template <>
LoadRequest read(Reader& in) {
  LoadRequest message;
  message.id = in.text();
  message.library_id = in.text();
  message.version = in.text();
  message.minor_built = in.number<std::uint32_t>();
  message.minor_required = in.number<std::uint32_t>();
  message.flags = in.number<std::uint32_t>();
  message.folder = in.text();
  message.log_level = in.number<std::int32_t>();
  message.sandbox = in.flag();
  message.memory_limit = in.number<std::uint64_t>();
  message.threads = in.number<std::uint32_t>();
  message.libraries = in.texts();
  message.readable = in.texts();
  message.unpack.resize(in.count(kMinUnpack));
  for (auto& one : message.unpack) {
    one.archive = in.text();
    one.prefix = in.text();
    one.folder = in.text();
  }
  return message;
}

template <>
LoadReply read(Reader& in) {
  const bool cancels = in.flag();
  return {cancels, in.texts()};
}

template <>
OptionMap read(Reader& in) {
  OptionMap options;
  for (std::size_t left = in.count(kMinOption); left > 0; --left) {
    auto key = in.text();
    options.insert_or_assign(std::move(key), read_option(in));
  }
  return options;
}

template <>
EncodersReply read(Reader& in) {
  EncodersReply message;
  message.encoders.resize(in.count(kMinEncoder));
  for (auto& encoder : message.encoders) encoder = read_encoder(in);
  require_sound(message.encoders);
  return message;
}

template <>
LanesRequest read(Reader& in) {
  const bool cancel = in.flag();
  return {cancel, in.number<std::uint32_t>()};
}

template <>
CreateRequest read(Reader& in) {
  const auto encoder = in.number<std::uint32_t>();
  return {encoder, read<OptionMap>(in)};
}

template <>
Handle read(Reader& in) {
  return {in.number<std::uint64_t>()};
}

template <>
EncodeRequest read(Reader& in) {
  EncodeRequest message;
  message.encoder = in.number<std::uint32_t>();
  message.handle = in.number<std::uint64_t>();
  message.request = in.number<std::uint64_t>();
  message.deadline_ns = in.number<std::uint64_t>();
  message.outputs_at = in.number<std::uint64_t>();
  message.arena_bytes = in.number<std::uint64_t>();
  message.inputs.resize(in.count(kMinPlace));
  for (auto& place : message.inputs) {
    place.input = in.number<std::uint32_t>();
    place.shape = in.numbers<std::int64_t>();
    place.offset = in.number<std::uint64_t>();
    place.time_ns = in.number<std::int64_t>();
  }
  return message;
}

template <>
EncodeReply read(Reader& in) {
  const auto planned = in.number<std::uint32_t>();
  return {planned, in.number<std::uint32_t>()};
}

template <>
CancelRequest read(Reader& in) {
  const auto handle = in.number<std::uint64_t>();
  return {handle, in.number<std::uint64_t>()};
}

template <>
ShutdownRequest read(Reader& in) {
  return {in.number<std::uint64_t>()};
}

template <>
Failure read(Reader& in) {
  const auto code = in.number<std::uint32_t>();
  if (code > static_cast<std::uint32_t>(Errc::Internal))
    fail(Errc::PluginFault, "worker", "a message has the unknown error code ", code);
  auto text = in.text();
  return {static_cast<Errc>(code), std::move(text), in.flag()};
}

}  // namespace lateral::plugin::worker
