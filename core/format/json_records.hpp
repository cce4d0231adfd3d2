#pragma once
// Long lists of JSON objects, one object at a time: tables and question files of some hundred megabytes never
// lie in memory as a whole.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "core/format/json.hpp"

namespace lateral::format::json {

/// Where the list is, and what one of its objects may cost.
struct RecordList {
  std::filesystem::path path;
  std::string member =
      {};  ///< empty: the text is the list; otherwise it is an object with the list under this name
  Limits record = {.max_bytes = 64U << 10U, .max_depth = 8};
};

/// Called now and then with the bytes read so far and the bytes of the file; may throw to stop.
using RecordProgress = std::function<void(std::int64_t done, std::int64_t total)>;

/// Calls `each` with every object of the list, in file order, and returns how many there were. What `each`
/// throws ends the reading. Of other members of the outer object only the brackets are counted. Throws
/// NotFound, Io, Corrupt (a text that is no such list; a record that is no object) and ResourceExhausted (a
/// record above the limit). Messages name a record by its place: "sample.json[17]: $.token: ...".
std::int64_t for_each_record(const RecordList& list, const std::function<void(const Value&)>& each,
                             const RecordProgress& progress = {});

}  // namespace lateral::format::json
