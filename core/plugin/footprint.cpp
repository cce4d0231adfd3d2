#include "core/plugin/footprint.hpp"

#include <link.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace lateral::plugin {
namespace {

std::int64_t entries(const char* folder) {
  std::error_code error;
  const std::filesystem::directory_iterator all(folder, error);
  return error ? 0 : std::distance(begin(all), end(all));
}

std::int64_t resident() {
  std::int64_t pages = 0;
  std::int64_t in_memory = 0;
  std::ifstream("/proc/self/statm") >> pages >> in_memory;
  return in_memory * ::sysconf(_SC_PAGESIZE);
}

bool wants_static_tls(const dl_phdr_info& info, const ElfW(Phdr) & dynamic) {
  // The loader's own memory: mapped, checked by it, and ended by DT_NULL.
  const auto* entry = reinterpret_cast<const ElfW(Dyn)*>(info.dlpi_addr + dynamic.p_vaddr);
  for (; entry->d_tag != DT_NULL; ++entry) {
    if (entry->d_tag == DT_FLAGS) return (entry->d_un.d_val & DF_STATIC_TLS) != 0;
  }
  return false;
}

int add_static_tls(dl_phdr_info* info, std::size_t, void* user) {
  std::uint64_t bytes = 0;
  bool wanted = false;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& segment = info->dlpi_phdr[i];
    if (segment.p_type == PT_TLS) bytes = segment.p_memsz;
    if (segment.p_type == PT_DYNAMIC) wanted = wants_static_tls(*info, segment);
  }
  if (wanted) *static_cast<std::int64_t*>(user) += static_cast<std::int64_t>(bytes);
  return 0;
}

}  // namespace

Footprint Footprint::now() {
  Footprint now{resident(), entries("/proc/self/task"), entries("/proc/self/fd"), 0};
  ::dl_iterate_phdr(&add_static_tls, &now.static_tls_bytes);
  return now;
}

Footprint Footprint::operator-(const Footprint& before) const {
  return {resident_bytes - before.resident_bytes, threads - before.threads, descriptors - before.descriptors,
          static_tls_bytes - before.static_tls_bytes};
}

std::string Footprint::text() const {
  char text[160];
  std::snprintf(text, sizeof text,
                "%+.1f MiB resident, %+lld threads, %+lld descriptors, %+lld bytes of static TLS",
                static_cast<double>(resident_bytes) / (1 << 20), static_cast<long long>(threads),
                static_cast<long long>(descriptors), static_cast<long long>(static_tls_bytes));
  return text;
}

}  // namespace lateral::plugin
