// encoder_runner REQUEST.json: what a plugin of this build makes of point clouds, pictures or sounds, in a thread, a process or a
// sandbox, as JSON on standard output, one object for each case of the request. tests/parity/{rangeview,vision,sound,torch_module}_parity.py
// write requests and read the results.

#include <chrono>
#include <cstddef>
#include <exception>
#include <iostream>
#include <span>
#include <string>
#include <vector>

#include "core/base/file.hpp"
#include "core/format/json.hpp"
#include "core/format/wav.hpp"
#include "core/plugin/plugin_host.hpp"
#include "core/tensor/settings.hpp"
#include "tests/support/files.hpp"

namespace lateral {
namespace {

using format::json::Kind;
using format::json::Value;
using format::json::Writer;

std::vector<std::int64_t> integers_of(const Value& list) {
  std::vector<std::int64_t> integers;
  for (std::size_t i = 0; i < list.size(); ++i) integers.push_back(list[i].as_int());
  return integers;
}

plugin::OptionMap options_of(const Value& value) {
  plugin::OptionMap options;
  for (std::size_t i = 0; i < value.size(); ++i) {
    plugin::OptionValue& option = options[std::string(value.key(i))];
    if (value[i].is(Kind::String)) option = std::string(value[i].as_string());
    if (value[i].is(Kind::Integer)) option = value[i].as_int();
    if (value[i].is(Kind::Real)) option = value[i].as_double();
    if (value[i].is(Kind::Bool)) option = value[i].as_bool();
    if (value[i].is(Kind::Array)) option = integers_of(value[i]);
  }
  return options;
}

/// What a request names, read from a file of bare numbers.
struct Sample {
  std::vector<std::byte> bytes;
  plugin::Input input;
};

Sample sample_of_sound(const std::string& file) {
  const format::Audio audio = format::read_wav(file);
  const auto bytes = std::as_bytes(std::span(audio.samples));
  Sample sample{{bytes.begin(), bytes.end()}, {}};
  sample.input.kind = plugin::InputKind::Audio;
  sample.input.dtype = plugin::DType::F32;
  sample.input.shape = {static_cast<std::int64_t>(audio.samples.size())};
  sample.input.rate_hz = audio.rate;
  return sample;
}

Sample sample_of_pictures(const std::string& file, const Value& shape) {
  Sample sample{read_bytes(file, 1U << 30U), {}};
  sample.input.kind = plugin::InputKind::Image;
  for (std::size_t i = 0; i < shape.size(); ++i) sample.input.shape.push_back(shape[i].as_int(1, 1 << 20));
  return sample;
}

Sample sample_of_points(const std::string& file) {
  Sample sample{read_bytes(file, 1U << 30U), {}};
  sample.input.kind = plugin::InputKind::Points;
  sample.input.dtype = plugin::DType::F32;
  sample.input.shape = {static_cast<std::int64_t>(sample.bytes.size() / (4 * sizeof(float))), 4};
  sample.input.columns = {"x", "y", "z", "intensity"};
  return sample;
}

Sample sample_of(const Value& request) {
  if (const auto sound = request.find("sound")) return sample_of_sound(std::string(sound->as_string()));
  if (const auto pictures = request.find("pictures"))
    return sample_of_pictures(std::string(pictures->as_string()), request.at("shape"));
  return sample_of_points(std::string(request.at("points").as_string()));
}

plugin::LoadOptions placed(const Value& request) {
  const std::string place = request.get("place", "thread");
  plugin::LoadOptions options;
  options.options = options_of(request.at("options"));
  options.isolation = place == "thread" ? plugin::Isolation::Thread : plugin::Isolation::Process;
  options.worker.sandbox = place == "sandbox";
  options.worker.threads = static_cast<unsigned>(tensor::threads());
  return options;
}

void write_numbers(const char* name, const plugin::Matrix& matrix, Writer& json) {
  json.key(name).begin_array();
  for (const float number : matrix.values()) json.value(number);
  json.end_array();
}

void run_case(const std::string& plugin, const Value& request, Writer& json) {
  plugin::PluginHost host({test::build_folder() / "lib/lateral"});
  host.load(plugin, placed(request));
  const auto encoder = host.make_encoder(plugin);
  Sample sample = sample_of(request);
  sample.input.data = sample.bytes.data();
  sample.input.name = encoder->spec().inputs[0].name;
  const auto encode = [&] {
    return encoder->encode({&sample.input, 1}, {.timeout = std::chrono::minutes(5), .cancel = {}});
  };
  for (auto rounds = request.get("warm_up", 0); rounds > 0; --rounds) encode();
  const auto start = plugin::Clock::now();
  const auto tokens = encode();
  const std::chrono::duration<double> took = plugin::Clock::now() - start;
  json.begin_object().member("seconds", took.count());
  write_numbers("tokens", tokens.tokens, json);
  if (tokens.scores) write_numbers("scores", *tokens.scores, json);
  if (tokens.keys) write_numbers("keys", *tokens.keys, json);
  json.end_object();
}

void run(const std::string& path) {
  tensor::fix_threads(1);
  const Value request = format::json::read_file(path);
  const Value cases = request.at("cases");
  Writer json;
  json.begin_array();
  for (std::size_t i = 0; i < cases.size(); ++i)
    run_case(std::string(request.at("plugin").as_string()), cases[i], json);
  json.end_array();
  std::cout << std::move(json).text() << '\n';
}

}  // namespace
}  // namespace lateral

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: encoder_runner REQUEST.json\n";
    return 2;
  }
  try {
    lateral::run(argv[1]);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
