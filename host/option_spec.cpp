#include "host/option_spec.hpp"

#include <charconv>

namespace lateral::host::option_spec {

std::string text_of(const po::variables_map& values, const char* key) {
  return values.count(key) != 0 ? values[key].as<std::string>() : std::string();
}

Texts texts_of(const po::variables_map& values, const char* key) {
  return values.count(key) != 0 ? values[key].as<Texts>() : Texts();
}

std::vector<std::filesystem::path> paths_of(const po::variables_map& values, const char* key) {
  const Texts texts = texts_of(values, key);
  return {texts.begin(), texts.end()};
}

std::string needed(const Spec& spec, const po::variables_map& values, const char* key,
                   std::string_view what) {
  std::string text = text_of(values, key);
  if (text.empty()) throw UsageError(spec.name, std::string(what) + " is missing");
  return text;
}

// Not through Boost: it reads "-1" as 2^64 - 1.
std::uint64_t number_of(const Spec& spec, const po::variables_map& values, const char* key,
                        std::uint64_t fallback) {
  if (values.count(key) == 0) return fallback;
  const std::string text = text_of(values, key);
  if (text.empty() || text.size() > 18 || text.find_first_not_of("0123456789") != text.npos) {
    throw UsageError(spec.name,
                     "--" + std::string(key) + ": '" + text + "' is not a whole number from 0 to 10^18");
  }
  return std::stoull(text);
}

double share_of(const Spec& spec, const po::variables_map& values, const char* key, double fallback) {
  if (values.count(key) == 0) return fallback;
  const std::string text = text_of(values, key);
  double share = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), share);
  if (error != std::errc() || end != text.data() + text.size() || !(share >= 0 && share <= 1))
    throw UsageError(spec.name, "--" + std::string(key) + ": '" + text + "' is no share from 0 to 1");
  return share;
}

}  // namespace lateral::host::option_spec
