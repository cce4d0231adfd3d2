#pragma once
// A folder with everything a runtime needs, small enough to be made anew for every test: a random language model with
// a tokenizer, two plugins ("template" of the project, "faulty" of the fixtures), adapters, recordings, and a
// configuration. No torch in this header.

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/config.hpp"
#include "core/runtime/runtime.hpp"
#include "tests/support/files.hpp"

namespace lateral::test {

/// What an adapter file says it was made for; the default is the plugin "template" and the world's own model.
struct AdapterPlan {
  std::string plugin = "template";
  std::string token_space = "template-1";
  std::int64_t width = 16;
  std::string base_model;  ///< empty = the world's
  std::uint64_t seed = 1;
};
AdapterPlan for_faulty();
/// The fixture "evolving": revisions 1 and 2 have the token space "evolving-a", 3 has "evolving-b".
AdapterPlan for_evolving(const std::string& token_space = "evolving-a", std::uint64_t seed = 1);

/// Recordings about four classes, two questions each, answered with one of four words. Both plugins see the class
/// through noise; with `blind` they see the same, whatever the class.
struct DataPlan {
  int train = 100, test = 12;
  bool blind = false;
};

/// [[connection]] of a plugin with its adapter file "PLUGIN.safetensors".
std::string connection(const std::string& plugin);

class TinyWorld {
 public:
  TinyWorld();

  std::filesystem::path operator/(std::string_view name) const { return folder_ / name; }
  /// A plugin's file in the world's search folder.
  std::filesystem::path plugin_file(const std::string& name) const;
  /// A revision of "evolving"; the first is in the search folder.
  std::filesystem::path revision_file(int revision) const;
  const std::string& model_identity() const { return identity_; }

  /// Of all its plugins. Most tests look into what the plugin did to this process.
  std::string isolation = "thread";

  /// The configuration's text: model, search folder, one thread; `rest` follows, beginning inside [run].
  std::string config_text(std::string_view rest) const;
  config::Config config(std::string_view rest = {}) const;
  /// The text as a file, for the command line.
  std::filesystem::path write_config(std::string_view rest = {}) const;

  /// A random adapter that makes itself felt, as a file; its name is relative to the world's folder.
  std::filesystem::path write_adapter(const std::string& name, const AdapterPlan& plan = {}) const;

  /// A NumPy file [values / columns, columns].
  std::filesystem::path write_readings(const std::string& name, const std::vector<float>& values,
                                       int columns = 1) const;

  /// A data directory.
  std::filesystem::path write_data(const std::string& name, const DataPlan& plan = {}) const;

 private:
  TemporaryFolder folder_;
  std::string identity_;
};

/// The bytes of a NumPy file with float32 values.
std::string npy(const std::vector<float>& values, int columns);

/// The readings that "template" gets, in memory. No id: encoded every time.
runtime::SensorData readings(const std::vector<float>& values);

}  // namespace lateral::test
