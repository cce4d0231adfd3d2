// encoder_runner REQUEST.json: the tokens that a plugin of this build makes of point clouds or sounds, as JSON on standard
// output, one list of rows for each case of the request. rangeview_parity.py and sound_parity.py write requests and read the
// results.

#include <cstring>
#include <exception>
#include <iostream>
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

plugin::OptionMap options_of(const Value& value) {
  plugin::OptionMap options;
  for (std::size_t i = 0; i < value.size(); ++i) {
    plugin::OptionValue& option = options[std::string(value.key(i))];
    if (value[i].is(Kind::String)) option = std::string(value[i].as_string());
    if (value[i].is(Kind::Integer)) option = value[i].as_int();
    if (value[i].is(Kind::Real)) option = value[i].as_double();
    if (value[i].is(Kind::Bool)) option = value[i].as_bool();
  }
  return options;
}

std::vector<float> floats_of(const std::string& path) {
  const auto bytes = read_bytes(path, 1U << 30U);
  std::vector<float> numbers(bytes.size() / sizeof(float));
  std::memcpy(numbers.data(), bytes.data(), numbers.size() * sizeof(float));
  return numbers;
}

void write_tokens(const plugin::Matrix& tokens, Writer& json) {
  json.begin_array();
  for (const float number : tokens.values()) json.value(number);
  json.end_array();
}

void run_case(const std::string& plugin, const Value& request, Writer& json) {
  plugin::PluginHost host({test::build_folder() / "lib/lateral"});
  host.load(plugin, {.options = options_of(request.at("options")), .isolation = plugin::Isolation::Thread});
  const auto encoder = host.make_encoder(plugin);
  plugin::Input input;
  input.name = encoder->spec().inputs[0].name;
  input.dtype = plugin::DType::F32;
  std::vector<float> values;
  if (const auto sound = request.find("sound")) {
    format::Audio audio = format::read_wav(sound->as_string());
    values = std::move(audio.samples);
    input.kind = plugin::InputKind::Audio;
    input.shape = {static_cast<std::int64_t>(values.size())};
    input.rate_hz = audio.rate;
  } else {
    values = floats_of(std::string(request.at("points").as_string()));
    input.kind = plugin::InputKind::Points;
    input.shape = {static_cast<std::int64_t>(values.size() / 4), 4};
    input.columns = {"x", "y", "z", "intensity"};
  }
  input.data = values.data();
  write_tokens(encoder->encode({&input, 1}).tokens, json);
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
