// What a host offers its plugins, and options as they see them.
#include "core/plugin/host_table.hpp"

#include <cstring>
#include <string>

#include "core/plugin/options.hpp"
#include "fixtures.hpp"
#include "tests/support/catch.hpp"

using namespace lateral;

namespace {

std::vector<std::string> lines;

void keep(log::Level, std::string_view component, std::string_view text) {
  lines.push_back(std::string(component) + ": " + std::string(text));
}

}  // namespace

TEST_CASE("what a plugin logs is cut, and neither what is too quiet nor what is nothing is passed on") {
  plugin::HostTable host("eye", "/p", "test.host", &keep);
  lines.clear();
  const std::string text = "ready" + std::string(10'000, '.');
  host.table()->log(host.context(), LAT_LOG_WARN, text.data(), 5);
  host.table()->log(host.context(), LAT_LOG_DEBUG, text.data(), 5);  // the level is Info
  host.table()->log(host.context(), LAT_LOG_WARN, nullptr, 5);
  host.table()->log(host.context(), LAT_LOG_ERROR, text.data(), text.size());
  REQUIRE(lines.size() == 2);
  CHECK(lines[0] == "eye: ready");
  CHECK(lines[1].size() == 4096 + 5);
}

TEST_CASE("a loop without a body is refused") {
  plugin::HostTable host("eye", "/p", "test.host", &keep);
  CHECK(host.table()->parallel_for(host.context(), 3, nullptr, nullptr) == LAT_INVALID_ARGUMENT);
}

TEST_CASE("options reach a plugin with their types, and lists and texts with their sizes") {
  const plugin::OptionTable table({{"a", std::string("text")},
                                   {"b", false},
                                   {"c", std::vector<std::int64_t>{1, 2, 3}},
                                   {"d", std::vector<std::uint8_t>{4, 5}},
                                   {"e", 0.5},
                                   {"f", true}});
  REQUIRE(table.size() == 6);
  const auto* const* const all = table.data();
  for (std::uint32_t i = 0; i < table.size(); ++i) CHECK(all[i]->struct_size == sizeof(lat_kv));
  CHECK(all[0]->count == 4);
  CHECK(std::strcmp(all[0]->str, "text") == 0);
  CHECK(all[1]->type == LAT_KV_BOOL);
  CHECK(all[1]->i64 == 0);
  CHECK(all[2]->count == 3);
  CHECK(all[2]->i64s[2] == 3);
  CHECK(all[3]->count == 2);
  CHECK(all[3]->bytes[1] == 5);
  CHECK(all[4]->f64 == 0.5);
  CHECK(all[5]->i64 == 1);
}
