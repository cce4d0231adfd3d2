#include "core/plugin/options.hpp"

#include <utility>

namespace lateral::plugin {
namespace {

/// Fills the field of each type.
struct Filler {
  lat_kv& pair;

  void operator()(const std::string& value) const {
    pair.type = LAT_KV_STR;
    pair.str = value.c_str();
    pair.count = value.size();
  }
  void operator()(std::int64_t value) const {
    pair.type = LAT_KV_I64;
    pair.i64 = value;
  }
  void operator()(double value) const {
    pair.type = LAT_KV_F64;
    pair.f64 = value;
  }
  void operator()(bool value) const {
    pair.type = LAT_KV_BOOL;
    pair.i64 = value ? 1 : 0;
  }
  void operator()(const std::vector<std::int64_t>& value) const {
    pair.type = LAT_KV_I64S;
    pair.i64s = value.data();
    pair.count = value.size();
  }
  void operator()(const std::vector<std::uint8_t>& value) const {
    pair.type = LAT_KV_BYTES;
    pair.bytes = value.data();
    pair.count = value.size();
  }
};

}  // namespace

OptionTable::OptionTable(OptionMap options) : options_(std::move(options)) {
  pairs_.reserve(options_.size());
  for (const auto& [key, value] : options_) {
    lat_kv pair{};
    pair.struct_size = sizeof(lat_kv);
    pair.key = key.c_str();
    std::visit(Filler{pair}, value);
    pairs_.push_back(pair);
  }
  for (const auto& pair : pairs_) pointers_.push_back(&pair);
}

}  // namespace lateral::plugin
