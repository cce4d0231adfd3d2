#pragma once
// What this process holds at one moment, to say what a plugin left behind.

#include <cstdint>
#include <string>

namespace lateral::plugin {

struct Footprint {
  std::int64_t resident_bytes = 0;
  std::int64_t threads = 0;
  std::int64_t descriptors = 0;
  std::int64_t static_tls_bytes = 0;  ///< of libraries that are mapped; glibc has little and gives none back

  static Footprint now();
  Footprint operator-(const Footprint& before) const;
  /// As a difference: "+0.1 MiB resident, +0 threads, -1 descriptors, +0 bytes of static TLS".
  std::string text() const;
};

}  // namespace lateral::plugin
