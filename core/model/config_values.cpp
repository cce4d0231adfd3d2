#include "core/model/config_values.hpp"

#include <array>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/log.hpp"

namespace lateral::model {
namespace {

using format::json::Kind;
using format::json::Value;

// The first spelling of each is the one that is written.
constexpr std::array<std::pair<std::string_view, Activation>, 10> kActivations = {{
    {"relu", Activation::Relu},
    {"silu", Activation::Silu},
    {"swish", Activation::Silu},
    {"gelu", Activation::Gelu},
    {"gelu_python", Activation::Gelu},
    {"gelu_pytorch_tanh", Activation::GeluTanh},
    {"gelu_new", Activation::GeluTanh},
    {"gelu_fast", Activation::GeluTanh},
    {"gelu_python_tanh", Activation::GeluTanh},
    {"gelu_accurate", Activation::GeluTanh},
}};

std::vector<std::int64_t> read_ids(const std::optional<Value>& value) {
  if (!value) return {};
  if (!value->is(Kind::Array)) return {value->as_int(0, kMaxSize)};
  std::vector<std::int64_t> ids;
  for (std::size_t i = 0; i < value->size(); ++i) ids.push_back((*value)[i].as_int(0, kMaxSize));
  return ids;
}

}  // namespace

void Faults::stop_if_any(std::string_view source) const {
  if (!text_.empty()) fail(Errc::InvalidArgument, "model", source, ":\n  ", text_);
}

template <typename T, typename Read>
T ConfigValues::caught(T fallback, const Read& read) const {
  try {
    return read();
  } catch (const Error& error) {
    faults_.add(error.what());
    return fallback;
  }
}

std::int64_t ConfigValues::size(std::string_view key, std::optional<std::int64_t> fallback) const {
  const auto value = root_.find(key);
  if (!value && fallback) return *fallback;
  if (!value) {
    faults_.add(std::string(key) + " is missing");
    return 1;
  }
  return caught(std::int64_t{1}, [&] { return value->as_int(1, kMaxSize); });
}

std::int64_t ConfigValues::size(const ConfigKey& key, std::optional<std::int64_t> fallback) const {
  const bool other = !key.also.empty() && root_.find(key.also).has_value();
  if (!other) return size(key.name, fallback);
  const std::int64_t value = size(key.also);
  if (root_.find(key.name) && size(key.name) != value) {
    faults_.add(std::string(key.name) + " and " + std::string(key.also) + " contradict each other");
  }
  return value;
}

std::int64_t ConfigValues::count(std::string_view key, std::int64_t fallback) const {
  const auto value = root_.find(key);
  return value ? caught(fallback, [&] { return value->as_int(0, kMaxSize); }) : fallback;
}

double ConfigValues::number(std::string_view key, double fallback) const {
  return caught(fallback, [&] { return root_.get(key, fallback); });
}

bool ConfigValues::flag(std::string_view key, bool fallback) const {
  return caught(fallback, [&] { return root_.get(key, fallback); });
}

std::string ConfigValues::text(std::string_view key, std::string_view fallback) const {
  return caught(std::string(fallback), [&] { return root_.get(key, fallback); });
}

std::int64_t ConfigValues::id(std::string_view key) const {
  const auto value = root_.find(key);
  return value ? caught(std::int64_t{-1}, [&] { return value->as_int(-1, kMaxSize); }) : -1;
}

std::vector<std::int64_t> ConfigValues::ids(std::string_view key, std::int64_t vocab) const {
  auto ids = caught(std::vector<std::int64_t>{}, [&] { return read_ids(root_.find(key)); });
  std::erase_if(ids, [&](std::int64_t id) {
    if (id >= vocab) log::warn("model", root_.place(), ": ", key, " ", id, " is outside the vocabulary");
    return id >= vocab;
  });
  return ids;
}

Activation ConfigValues::activation(std::string_view key, std::string_view fallback) const {
  const std::string name = key.empty() ? std::string(fallback) : text(key, fallback);
  std::string known;
  for (const auto& [spelling, activation] : kActivations) {
    if (spelling == name) return activation;
    known += (known.empty() ? "" : ", ") + std::string(spelling);
  }
  fail(Errc::Unsupported, "model", root_.place(), ": ", key, " = \"", name, "\"; supported are ", known);
}

bool ConfigValues::mentions(std::string_view key) const {
  for (std::size_t i = 0; i < root_.size(); ++i) {
    if (root_.key(i) == key) return true;
  }
  return false;
}

void ConfigValues::require_flag(std::string_view key, bool supported) const {
  if (flag(key, supported) == supported) return;
  fail(Errc::Unsupported, "model", root_.place(), ": ", key, " = ", supported ? "false" : "true", "; only ",
       supported ? "true" : "false", " is supported");
}

std::string_view name_of(Activation activation) {
  for (const auto& [spelling, known] : kActivations) {
    if (known == activation) return spelling;
  }
  fail(Errc::Internal, "model", "unknown activation");
}

}  // namespace lateral::model
