#include "core/tensor/memory.hpp"

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "core/base/error.hpp"

namespace lateral::tensor {

MemoryReport memory_report() {
  MemoryReport report;
  const std::map<std::string, std::int64_t*> wanted = {{"VmRSS:", &report.resident},
                                                       {"VmHWM:", &report.peak_resident},
                                                       {"RssAnon:", &report.anonymous},
                                                       {"RssFile:", &report.file}};
  std::ifstream status("/proc/self/status");
  std::size_t found = 0;
  for (std::string line; std::getline(status, line);) {
    std::istringstream words(line);
    std::string name;
    std::int64_t kibibytes = 0;
    words >> name >> kibibytes;
    const auto field = wanted.find(name);
    if (field == wanted.end()) continue;
    *field->second = kibibytes * 1024;
    ++found;
  }
  if (found != wanted.size())
    fail(Errc::Io, "memory", "/proc/self/status lacks VmRSS, VmHWM, RssAnon or RssFile");
  return report;
}

std::int64_t bytes_of(std::span<const at::Tensor> tensors) {
  std::map<const void*, std::int64_t> storages;
  for (const at::Tensor& tensor : tensors) {
    if (!tensor.defined()) continue;
    std::int64_t& bytes = storages[tensor.storage().data()];
    bytes = std::max(bytes, static_cast<std::int64_t>(tensor.nbytes()));
  }
  std::int64_t sum = 0;
  for (const auto& [storage, bytes] : storages) sum += bytes;
  return sum;
}

}  // namespace lateral::tensor
