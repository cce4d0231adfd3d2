#pragma once
// The host that a plugin under test sees: a lat_host of any age, in memory that ends where the table ends and can
// be taken away, as a real host's is after shutdown.

#include <lateral/plugin.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "core/conformance/guarded_memory.hpp"
#include "core/plugin/parallel_pool.hpp"

namespace lateral::conformance {

/// Which host to play.
struct HostAge {
  std::uint32_t abi_minor = LAT_ABI_MINOR;
  std::uint32_t extra_bytes = 0;  ///< behind the fields of ABI 1.0, filled with poison
};

/// Nanoseconds on the clock of deadlines.
std::uint64_t monotonic_ns() noexcept;

class HostStub {
 public:
  HostStub(const std::filesystem::path& plugin_folder, HostAge age);

  const lat_host* table() const noexcept { return reinterpret_cast<const lat_host*>(memory_.data()); }
  lat_ctx* context() noexcept { return reinterpret_cast<lat_ctx*>(this); }

  /// The plugin was shut down: the table cannot be read any more, and calls through copies of it are counted.
  void withdraw();
  /// Ends the threads lent to parallel_for.
  void release_threads() { pool_.reset(); }
  std::uint32_t late_calls() const noexcept { return late_calls_.load(); }

 private:
  static HostStub& of(lat_ctx* context) noexcept { return *reinterpret_cast<HostStub*>(context); }
  static void log(lat_ctx* context, std::uint32_t level, const char* text, std::uint64_t length);
  static std::uint64_t now(lat_ctx* context);
  static std::int32_t parallel_for(lat_ctx* context, std::uint32_t n, void (*body)(std::uint32_t, void*),
                                   void* user);
  static const void* get_capability(lat_ctx* context, const char* id);
  void called() noexcept;

  std::string folder_;
  std::optional<plugin::ParallelPool> pool_;
  GuardedMemory memory_;
  std::atomic<bool> withdrawn_{false};
  std::atomic<std::uint32_t> late_calls_{0};
  std::atomic<std::uint64_t> logged_{0};
};

}  // namespace lateral::conformance
