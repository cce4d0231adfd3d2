#include "core/conformance/host_stub.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>

namespace lateral::conformance {
namespace {

constexpr std::uint64_t kMaxLine = 4096;
constexpr int kPoison = 0xA5;

}  // namespace

std::uint64_t monotonic_ns() noexcept {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

HostStub::HostStub(const std::filesystem::path& plugin_folder, HostAge age)
    : folder_(plugin_folder.string()),
      pool_(std::in_place, "host"),
      memory_("the host's table", sizeof(lat_host) + age.extra_bytes, GuardedMemory::Side::Right,
              alignof(lat_host)) {
  lat_host table{};
  table.struct_size = static_cast<std::uint32_t>(memory_.size());
  table.abi_minor = age.abi_minor;
  table.plugin_dir = folder_.c_str();
  table.log = &HostStub::log;
  table.now_ns = &HostStub::now;
  table.parallel_for = &HostStub::parallel_for;
  table.get_capability = &HostStub::get_capability;
  std::memset(memory_.data(), kPoison, memory_.size());
  std::memcpy(memory_.data(), &table, sizeof table);
  memory_.allow(GuardedMemory::Access::Read);
}

void HostStub::withdraw() {
  memory_.rename("the host's table, after shutdown");
  withdrawn_.store(true);
  memory_.allow(GuardedMemory::Access::None);
}

void HostStub::called() noexcept {
  if (withdrawn_.load()) late_calls_.fetch_add(1);
}

void HostStub::log(lat_ctx* context, std::uint32_t, const char* text, std::uint64_t length) {
  auto& host = of(context);
  host.called();
  // Read as a real host would: a length that lies ends here.
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; text != nullptr && i < std::min(length, kMaxLine); ++i) {
    sum += static_cast<unsigned char>(text[i]);
  }
  host.logged_.fetch_add(sum);
}

std::uint64_t HostStub::now(lat_ctx* context) {
  of(context).called();
  return monotonic_ns();
}

std::int32_t HostStub::parallel_for(lat_ctx* context, std::uint32_t n, void (*body)(std::uint32_t, void*),
                                    void* user) {
  of(context).called();
  if (body == nullptr) return LAT_INVALID_ARGUMENT;
  auto& pool = of(context).pool_;
  return pool && pool->run(n, body, user) ? LAT_OK : LAT_INVALID_ARGUMENT;
}

const void* HostStub::get_capability(lat_ctx* context, const char*) {
  of(context).called();
  return nullptr;
}

}  // namespace lateral::conformance
