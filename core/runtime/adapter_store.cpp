#include "core/runtime/adapter_store.hpp"

#include "core/base/file.hpp"
#include "core/connector/adapter_file.hpp"

namespace lateral::runtime {
namespace {

constexpr std::uint64_t kMaxAdapter = std::uint64_t{4} << 30U;

}  // namespace

std::filesystem::path previous_of(const std::filesystem::path& file) {
  return file.string() + ".previous";
}

void save_keeping_previous(const std::filesystem::path& file, const connector::Adapter& next,
                           const connector::Adapter* former) {
  if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path());
  // An adapter that cannot be kept must not cost the previous one, so it is tried beside them first.
  const std::filesystem::path fresh = file.string() + ".new";
  connector::save_adapter(fresh, next);
  if (former != nullptr) {
    connector::save_adapter(previous_of(file), *former);
  } else if (std::filesystem::exists(file)) {
    write_atomically(previous_of(file), read_text(file, kMaxAdapter));
  }
  rename_file(fresh, file);
}

void exchange_with_previous(const std::filesystem::path& file) {
  if (std::filesystem::exists(file)) {
    exchange_files(file, previous_of(file));
  } else {
    rename_file(previous_of(file), file);
  }
}

}  // namespace lateral::runtime
