// bench_cycles PLUGIN thread|process CYCLES   one JSON object: what cycles of load, encode and unload leave behind. One
// plugin and isolation a process: memory that others gave back would hide growth.

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/format/json.hpp"
#include "core/plugin/footprint.hpp"
#include "core/plugin/plugin_host.hpp"
#include "core/plugin/self_test.hpp"

using namespace lateral;

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t kWarm = 10;  // caches, pools and lazy binding are filled by then

struct Held {
  plugin::Footprint footprint;
  std::int64_t mappings;
};

Held held() {
  // Threads that were joined are listed for a moment; what free() keeps for the next cycle is not held.
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  ::malloc_trim(0);
  std::ifstream maps("/proc/self/maps");
  const auto lines = std::count(std::istreambuf_iterator<char>(maps), {}, '\n');
  return {plugin::Footprint::now(), lines};
}

/// Makes the code and constants of a library resident: a path first taken in cycle 500 (say, the unwinder's) would look
/// like growth. Kernels before 5.14 cannot, and show that.
int read_in(dl_phdr_info* info, std::size_t, void*) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& segment = info->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    const std::uintptr_t start = (info->dlpi_addr + segment.p_vaddr) / page * page;
    const std::uintptr_t end = info->dlpi_addr + segment.p_vaddr + segment.p_memsz;
    ::madvise(reinterpret_cast<void*>(start), end - start, MADV_POPULATE_READ);
  }
  return 0;
}

plugin::Isolation isolation_named(const std::string& name) {
  for (const auto isolation : {plugin::Isolation::Thread, plugin::Isolation::Process}) {
    if (name == name_of(isolation)) return isolation;
  }
  fail(Errc::InvalidArgument, "bench", "no isolation '", name, "'; write thread or process");
}

/// Every encoder of the plugin encodes once.
void cycle(plugin::PluginHost& host, const std::string& id, plugin::Isolation isolation) {
  host.load(id, {.isolation = isolation});
  for (const auto& spec : host.revision(id)->encoders()) {
    const plugin::SyntheticSample sample(spec);
    host.make_encoder(id, spec.name)->encode(sample.inputs());
  }
  const auto report = host.unload(id);
  if (!report.unmapped()) fail(Errc::Internal, "bench", id, " is still mapped: ", report.reason);
}

void run(const std::string& id, const std::string& isolation_name, std::int64_t cycles) {
  if (cycles <= kWarm) fail(Errc::InvalidArgument, "bench", "more than ", kWarm, " cycles are needed");
  log::set_level(log::Level::Error);
  ::mallopt(M_ARENA_MAX, 1);  // malloc_trim() cannot give back the top of the others
  ::dl_iterate_phdr(&read_in, nullptr);
  const auto isolation = isolation_named(isolation_name);
  plugin::PluginHost host(plugin::program_folders());
  std::vector<double> seconds(static_cast<std::size_t>(cycles));  // touched now: no growth later
  Held before{};
  for (std::int64_t i = 0; i < cycles; ++i) {
    if (i == kWarm) before = held();
    const auto start = Clock::now();
    cycle(host, id, isolation);
    seconds[static_cast<std::size_t>(i)] = std::chrono::duration<double>(Clock::now() - start).count();
  }
  const auto after = held();
  const auto growth = after.footprint - before.footprint;

  format::json::Writer json;
  json.begin_object().member("plugin", id).member("isolation", isolation_name).member("cycles", cycles);
  json.member("rss_10", before.footprint.resident_bytes).member("rss_end", after.footprint.resident_bytes);
  json.member("mappings", after.mappings - before.mappings).member("descriptors", growth.descriptors);
  json.member("threads", growth.threads).key("seconds").begin_array();
  for (const double each : seconds) json.value(each);
  json.end_array().end_object();
  std::cout << std::move(json).text() << '\n';
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: bench_cycles PLUGIN thread|process CYCLES\n";
    return 2;
  }
  try {
    run(argv[1], argv[2], std::stoll(argv[3]));
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
