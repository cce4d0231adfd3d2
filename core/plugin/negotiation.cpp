#include "core/plugin/negotiation.hpp"

#include <string_view>

#include "core/base/error.hpp"

namespace lateral::plugin {
namespace {

constexpr std::uint32_t kSizeOfMinor0 = 128;
static_assert(sizeof(lat_plugin) >= kSizeOfMinor0);
constexpr std::uint32_t kAbsurdSize = 1U << 16U;
constexpr std::size_t kMaxText = 256;

template <typename... Parts>
[[noreturn]] void reject(const Parts&... parts) {
  fail(Errc::AbiMismatch, "plugin", parts...);
}

std::string text(const char* given, std::string_view what) {
  if (given == nullptr) reject("its ", what, " is NULL");
  return {given, ::strnlen(given, kMaxText)};
}

void require_functions(const lat_plugin& table) {
  const auto require = [](bool present, std::string_view name) {
    if (!present) reject("its function \"", name, "\" is NULL");
  };
  require(table.init != nullptr, "init");
  require(table.shutdown != nullptr, "shutdown");
  require(table.encoder_count != nullptr, "encoder_count");
  require(table.encoder_info != nullptr, "encoder_info");
  require(table.create != nullptr, "create");
  require(table.destroy != nullptr, "destroy");
  require(table.plan != nullptr, "plan");
  require(table.encode != nullptr, "encode");
}

std::string sanitizer_name(std::uint32_t sanitizer) {
  switch (sanitizer) {
    case 0:
      return "no sanitizer";
    case LAT_SANITIZER_ADDRESS:
      return "AddressSanitizer";
    case LAT_SANITIZER_THREAD:
      return "ThreadSanitizer";
    case LAT_SANITIZER_ADDRESS | LAT_SANITIZER_THREAD:
      return "AddressSanitizer and ThreadSanitizer";
    default:
      return "sanitizer " + std::to_string(sanitizer);
  }
}

void require_agreement(const PluginTable& table, const lat_note_desc& note) {
  const auto same = [](const auto& runtime, const auto& noted, std::string_view what) {
    if (runtime != noted) reject("its table says ", what, " ", runtime, ", its ELF note ", noted);
  };
  same(table.id, std::string(note.id), "id");
  same(table.version, std::string(note.version), "version");
  same(table.functions.abi_minor_built, note.abi_minor_built, "abi_minor_built");
  same(table.functions.abi_minor_required, note.abi_minor_required, "abi_minor_required");
  same(table.functions.flags, note.flags, "flags");
}

}  // namespace

PluginTable negotiate(const lat_plugin* table, const lat_note_desc& note, std::uint32_t host_minor,
                      std::uint32_t host_sanitizer) {
  if (table == nullptr) reject("its entry refused this host (ABI 1.", host_minor, ")");
  if (table->struct_size < kSizeOfMinor0 || table->struct_size > kAbsurdSize) {
    reject("its table has ", table->struct_size, " bytes; that of ABI 1.0 has ", kSizeOfMinor0);
  }
  PluginTable result;
  result.functions = copy_known(table);
  if (result.functions.abi_minor_required > host_minor) {
    reject("needs a host of ABI 1.", result.functions.abi_minor_required, " or later, this is 1.",
           host_minor);
  }
  if (result.functions.sanitizer != host_sanitizer) {
    reject("was built with ", sanitizer_name(result.functions.sanitizer), ", this host with ",
           sanitizer_name(host_sanitizer));
  }
  require_functions(result.functions);
  result.id = text(result.functions.id, "id");
  result.version = text(result.functions.version, "version");
  if (result.functions.build_id != nullptr) result.build_id = text(result.functions.build_id, "build_id");
  require_agreement(result, note);
  return result;
}

}  // namespace lateral::plugin
