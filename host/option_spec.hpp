#pragma once
// How one command of `lateral` is described to Boost.Program_options, whose only door this is. Internal to
// host_options.

#include <boost/program_options.hpp>

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "host/options.hpp"

namespace lateral::host::option_spec {

namespace po = boost::program_options;
using Args = std::span<const std::string>;
using Texts = std::vector<std::string>;

/// One command: what it is called, what it takes, and how its values become a struct.
struct Spec {
  std::string name;
  std::string arguments;  ///< after the name, for the usage line
  std::string summary;
  std::function<void(po::options_description&)> describe;
  Texts positional = {};  ///< hidden options that take the words without a dash, in order
  std::function<Command(const po::variables_map&, const po::parsed_options&)> build;
};

/// Empty where the option was not given.
std::string text_of(const po::variables_map& values, const char* key);
Texts texts_of(const po::variables_map& values, const char* key);
std::vector<std::filesystem::path> paths_of(const po::variables_map& values, const char* key);

/// A value that the command cannot do without.
std::string needed(const Spec& spec, const po::variables_map& values, const char* key, std::string_view what);

/// A whole number from 0 to 10^18.
std::uint64_t number_of(const Spec& spec, const po::variables_map& values, const char* key,
                        std::uint64_t fallback);

/// A share from 0 to 1.
double share_of(const Spec& spec, const po::variables_map& values, const char* key, double fallback);

/// `lateral data import ...`
std::vector<Spec> import_specs();

}  // namespace lateral::host::option_spec
