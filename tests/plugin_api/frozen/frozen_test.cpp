// ABI 1.0 as it was frozen, against the header of today: what was there then is there now, at the same place.
#include <lateral/plugin.h>

// The frozen header once more, in a namespace. Functions with C linkage need names of their own.
#undef LATERAL_PLUGIN_H
#undef LAT_ABI_MINOR
#define lateral_plugin_entry_v1 frozen_plugin_entry_v1
#define lat_cancelled frozen_cancelled
namespace frozen {
#include "1.0/include/lateral/plugin.h"
}
#undef lateral_plugin_entry_v1
#undef lat_cancelled

#include <algorithm>
#include <cstddef>
#include <map>
#include <regex>
#include <set>
#include <string>

#include "core/base/file.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"

namespace {

using namespace lateral;
constexpr std::uint64_t kMaxHeader = 1U << 20U;

std::string header_of_today() {
  return read_text(test::repository() / "plugin_api/include/lateral/plugin.h", kMaxHeader);
}
std::string frozen_header() {
  return read_text(test::repository() / "tests/plugin_api/frozen/1.0/include/lateral/plugin.h", kMaxHeader);
}

/// The name of a type, the same for both headers.
template <typename T>
std::string type_name() {
  return std::regex_replace(std::string(__PRETTY_FUNCTION__), std::regex("frozen::"), "");
}

std::string without_comments(const std::string& header) {
  return std::regex_replace(header, std::regex(R"(/\*([^*]|\*+[^*/])*\*+/)"), "");
}

/// Every macro with its replacement, in which only the words count.
std::map<std::string, std::string> macros_of(const std::string& header) {
  const std::string joined = std::regex_replace(without_comments(header), std::regex(R"(\\\n)"), " ");
  const std::regex define(R"(# *define +(\w+)([^\n]*))");
  std::map<std::string, std::string> macros;
  for (std::sregex_iterator found(joined.begin(), joined.end(), define), end; found != end; ++found) {
    const std::string text = std::regex_replace((*found)[2].str(), std::regex(" +"), " ");
    macros[(*found)[1]] += text.substr(0, text.find_last_not_of(' ') + 1) + "\n";
  }
  return macros;
}

/// "lat_err.code" for every member of every struct.
std::set<std::string> members_of(const std::string& header) {
  const std::string text = without_comments(header);
  const std::regex structure(R"(typedef struct (\w+) \{([^}]*)\} \1;)");
  const std::regex member(R"((?:\(\*(\w+)\)[^;]*|(\w+)(?:\[\d+\])?);)");
  std::set<std::string> members;
  for (std::sregex_iterator found(text.begin(), text.end(), structure), end; found != end; ++found) {
    const std::string body = (*found)[2];
    for (std::sregex_iterator one(body.begin(), body.end(), member); one != end; ++one) {
      members.insert((*found)[1].str() + "." + ((*one)[1].matched ? (*one)[1] : (*one)[2]).str());
    }
  }
  return members;
}

}  // namespace

#define STRUCT(type)                               \
  CHECK(sizeof(::type) >= sizeof(::frozen::type)); \
  CHECK(alignof(::type) == alignof(::frozen::type))
#define MEMBER(type, field)                                          \
  compared.insert(#type "." #field);                                 \
  CHECK(offsetof(::type, field) == offsetof(::frozen::type, field)); \
  CHECK(sizeof(::type::field) == sizeof(::frozen::type::field));     \
  CHECK(type_name<decltype(::type::field)>() == type_name<decltype(::frozen::type::field)>())

TEST_CASE("every member of ABI 1.0 is where it was, of the size and the type it had") {
  std::set<std::string> compared;
#include "1.0/members.inc"
  CHECK(compared == members_of(frozen_header()));
}

TEST_CASE("what never grows has the size of ABI 1.0") {
  CHECK(sizeof(lat_dltensor) == sizeof(frozen::lat_dltensor));
}

TEST_CASE("every constant of ABI 1.0 has the value it had") {
  const auto before = macros_of(frozen_header());
  const auto today = macros_of(header_of_today());
  REQUIRE(before.size() > 50);
  for (const auto& [name, value] : before) {
    CAPTURE(name);
    if (name == "LAT_ABI_MINOR") continue;
    REQUIRE(today.contains(name));
    CHECK(today.at(name) == value);
  }
}

TEST_CASE("functions and tables of ABI 1.0 are called as they were") {
  CHECK(type_name<lat_entry>() == type_name<frozen::lat_entry>());
  CHECK(type_name<decltype(&lat_cancelled)>() == type_name<decltype(&frozen::frozen_cancelled)>());
  CHECK(std::string(LAT_ENTRY_NAME) == "lateral_plugin_entry_v1");
}
