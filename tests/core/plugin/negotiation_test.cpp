#include "core/plugin/negotiation.hpp"

#include <cstring>
#include <vector>

#include "fixtures.hpp"
#include "tests/support/catch.hpp"

using namespace lateral;
using plugin::negotiate;
using test::failure_of;

namespace {

std::int32_t encode(std::uint64_t, lat_encode*, lat_err*) {
  return LAT_UNIMPLEMENTED;
}

struct Offer {
  lat_plugin table{};
  lat_note_desc note{1, 0, 0, 0, "some", "1.0"};

  Offer() {
    table.struct_size = sizeof table;
    table.sanitizer = LAT_SANITIZER;
    table.id = "some";
    table.version = "1.0";
    table.init = [](lat_ctx*, const lat_kv* const*, std::uint32_t, lat_err*) { return LAT_OK; };
    table.shutdown = [](std::uint64_t, lat_err*) { return LAT_OK; };
    table.encoder_count = [](std::uint32_t*, lat_err*) { return LAT_OK; };
    table.encoder_info = [](std::uint32_t, lat_encoder_info*, lat_err*) { return LAT_OK; };
    table.create = [](std::uint32_t, const lat_kv* const*, std::uint32_t, std::uint64_t*, lat_err*) {
      return LAT_OK;
    };
    table.destroy = [](std::uint64_t, lat_err*) { return LAT_OK; };
    table.plan = [](std::uint64_t, const lat_tensor* const*, std::uint32_t, lat_plan*, lat_err*) {
      return LAT_OK;
    };
    table.encode = &encode;
  }
  void minor(std::uint32_t built, std::uint32_t required) {
    table.abi_minor_built = note.abi_minor_built = built;
    table.abi_minor_required = note.abi_minor_required = required;
  }
  std::string refusal(std::uint32_t host_minor = 0) {
    const auto [code, text] = failure_of([&] { negotiate(&table, note, host_minor); });
    CHECK(code == Errc::AbiMismatch);
    return text;
  }
};

}  // namespace

TEST_CASE("a plugin that needs a newer host is refused with both versions") {
  Offer offer;
  offer.minor(5, 4);
  CHECK(offer.refusal(3) == "plugin: needs a host of ABI 1.4 or later, this is 1.3");
}

TEST_CASE("a table that is too small, absurd or absent is refused") {
  Offer offer;
  offer.table.struct_size = 40;
  CHECK(offer.refusal() == "plugin: its table has 40 bytes; that of ABI 1.0 has 128");
  offer.table.struct_size = 127;
  offer.refusal();
  offer.table.struct_size = 0;
  offer.refusal();
  offer.table.struct_size = 0xFFFFFFFF;
  offer.refusal();
  CHECK(failure_of([&] { negotiate(nullptr, offer.note); }).second.find("refused this host") !=
        std::string::npos);
}

TEST_CASE("a required function that is NULL is named, an optional one may be NULL") {
  Offer offer;
  CHECK(negotiate(&offer.table, offer.note).functions.cancel == nullptr);
  offer.table.encode = nullptr;
  CHECK(offer.refusal() == "plugin: its function \"encode\" is NULL");
}

TEST_CASE("no function that the host calls may be NULL, nor a text that it reads") {
  const auto refusal = [](const auto& change) {
    Offer offer;
    change(offer.table);
    return offer.refusal();
  };
  CHECK(refusal([](auto& t) { t.init = nullptr; }).find("\"init\" is NULL") != std::string::npos);
  CHECK(refusal([](auto& t) { t.shutdown = nullptr; }).find("\"shutdown\" is NULL") != std::string::npos);
  CHECK(refusal([](auto& t) { t.encoder_count = nullptr; }).find("\"encoder_count\"") != std::string::npos);
  CHECK(refusal([](auto& t) { t.encoder_info = nullptr; }).find("\"encoder_info\"") != std::string::npos);
  CHECK(refusal([](auto& t) { t.create = nullptr; }).find("\"create\" is NULL") != std::string::npos);
  CHECK(refusal([](auto& t) { t.destroy = nullptr; }).find("\"destroy\" is NULL") != std::string::npos);
  CHECK(refusal([](auto& t) { t.plan = nullptr; }).find("\"plan\" is NULL") != std::string::npos);
  CHECK(refusal([](auto& t) { t.id = nullptr; }) == "plugin: its id is NULL");
  CHECK(refusal([](auto& t) { t.version = nullptr; }) == "plugin: its version is NULL");
}

TEST_CASE("the table must agree with the note that was read before") {
  Offer offer;
  offer.table.id = "other";
  CHECK(offer.refusal() == "plugin: its table says id other, its ELF note some");
  offer.table.id = "some";
  offer.note.flags = LAT_PLUGIN_RESIDENT;
  offer.refusal();
  const auto refusal = [](const auto& change) {
    Offer changed;
    changed.minor(2, 1);
    change(changed.note);
    return changed.refusal(5);
  };
  CHECK(refusal([](auto& note) { std::strcpy(note.version, "1.1"); }) ==
        "plugin: its table says version 1.0, its ELF note 1.1");
  CHECK(refusal([](auto& note) { note.abi_minor_built = 3; }) ==
        "plugin: its table says abi_minor_built 2, its ELF note 3");
  CHECK(refusal([](auto& note) { note.abi_minor_required = 2; }) ==
        "plugin: its table says abi_minor_required 1, its ELF note 2");
}

TEST_CASE("another sanitizer than the host's is refused") {
  Offer offer;
  offer.table.sanitizer = LAT_SANITIZER ^ LAT_SANITIZER_THREAD;
  CHECK(offer.refusal().find("ThreadSanitizer") != std::string::npos);
}

TEST_CASE("a newer plugin that accepts this host is taken, and what we do not know is left alone") {
  Offer offer;
  offer.minor(7, 0);
  struct Newer {
    lat_plugin known;
    void* later[8];
  } newer{offer.table, {}};
  newer.known.struct_size = sizeof newer;
  std::memset(newer.later, 0x5A, sizeof newer.later);
  const auto table = negotiate(&newer.known, offer.note, 3);
  CHECK(table.functions.struct_size == sizeof(lat_plugin));
  CHECK(table.functions.encode == &encode);
}

TEST_CASE("an older struct is completed with zeros") {
  struct Grown {
    std::uint32_t struct_size;
    std::uint32_t reserved0;
    std::uint64_t first;
    std::uint64_t later;
  };
  const Grown old{16, 0, 11, 99};  // `later` lies behind what the older side knows
  const auto copy = plugin::copy_known(&old);
  CHECK(copy.first == 11);
  CHECK(copy.later == 0);
}
