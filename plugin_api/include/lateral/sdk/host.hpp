#pragma once
// What the host offers to a plugin. A small value; copy it freely, but do not use it after shutdown.

#include <lateral/sdk/error.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace lateral::sdk {

class Host {
 public:
  Host(const lat_host* table, lat_ctx* context) : table_(table), context_(context) {}

  /// The folder of the plugin's file; weights lie beside it.
  std::string folder() const { return table_->plugin_dir; }
  std::string file(const std::string& name) const { return folder() + "/" + name; }

  /// Any thread. Level is LAT_LOG_INFO etc.
  void log(std::uint32_t level, std::string_view text) const noexcept {
    table_->log(context_, level, text.data(), text.size());
  }
  /// Any thread. The clock of deadlines.
  std::uint64_t now_ns() const noexcept { return table_->now_ns(context_); }

  /// Calls body(i) for every i in [0, n) on the host's threads and this one, and returns when all are done.
  /// Throws what the first failing call threw, as text.
  template <typename Body>
  void parallel_for(std::uint32_t n, Body&& body) const;

  const void* capability(const char* id) const noexcept { return table_->get_capability(context_, id); }

 private:
  const lat_host* table_;
  lat_ctx* context_;
};

namespace detail {

/// One parallel_for: the body, and the first error of any of its calls.
template <typename Body>
struct ParallelWork {
  Body& body;
  char text[512] = "";
  std::int32_t code = LAT_OK;

  static void run(std::uint32_t i, void* user) noexcept {
    auto& work = *static_cast<ParallelWork*>(user);
    char mine[sizeof work.text] = "";
    lat_err err{sizeof(lat_err), 0, LAT_OK, 0, sizeof mine, mine};
    const std::int32_t code = guard(&err, [&] { work.body(i); });
    std::int32_t none = LAT_OK;
    if (code != LAT_OK &&
        __atomic_compare_exchange_n(&work.code, &none, code, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
      std::memcpy(work.text, mine, sizeof mine);
    }
  }
};

}  // namespace detail

template <typename Body>
void Host::parallel_for(std::uint32_t n, Body&& body) const {
  detail::ParallelWork<Body> work{body};
  const std::int32_t code = table_->parallel_for(context_, n, &detail::ParallelWork<Body>::run, &work);
  if (code != LAT_OK) fail(LAT_INTERNAL, "parallel_for was refused by the host: it does not nest");
  if (work.code != LAT_OK) throw Error(work.code, work.text);
}

}  // namespace lateral::sdk
