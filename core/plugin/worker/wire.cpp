#include "core/plugin/worker/wire.hpp"

#include "core/base/error.hpp"

namespace lateral::plugin::worker {

void Writer::append(const void* data, std::size_t size) {
  const auto* const from = static_cast<const std::byte*>(data);
  bytes_.insert(bytes_.end(), from, from + size);
}

const std::byte* Reader::take(std::size_t bytes) {
  if (bytes > bytes_.size() - at_) {
    fail(Errc::PluginFault, "worker", "a message ends after ", bytes_.size(),
         " bytes, in the middle of a value");
  }
  const std::byte* const from = bytes_.data() + at_;
  at_ += bytes;
  return from;
}

bool Reader::flag() {
  const auto value = number<std::uint8_t>();
  if (value > 1) fail(Errc::PluginFault, "worker", "a message has ", int{value}, " where 0 or 1 belongs");
  return value == 1;
}

std::size_t Reader::count(std::size_t item_bytes) {
  const std::size_t items = number<std::uint32_t>();
  if (items > (bytes_.size() - at_) / item_bytes) {
    fail(Errc::PluginFault, "worker", "a message announces ", items, " items; there is no room for them");
  }
  return items;
}

std::string Reader::text() {
  const std::size_t size = count(1);
  return {reinterpret_cast<const char*>(take(size)), size};
}

std::vector<std::string> Reader::texts() {
  std::vector<std::string> values(count(sizeof(std::uint32_t)));
  for (auto& value : values) value = text();
  return values;
}

void Reader::finish() const {
  if (at_ != bytes_.size()) {
    fail(Errc::PluginFault, "worker", "a message has ", bytes_.size() - at_, " bytes too many");
  }
}

}  // namespace lateral::plugin::worker
