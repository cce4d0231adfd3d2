// Long lists of JSON objects: the records, or where the list goes wrong. The first section is the member's
// name.

#include "core/format/json_records.hpp"
#include "tests/fuzz/scratch.hpp"

void lateral::fuzz::run(Input input) {
  const auto parts = sections_of(input, 2);
  const ScratchFile file("list.json", parts[1]);
  std::int64_t seen = 0;
  const auto count = format::json::for_each_record(
      {.path = file.path(), .member = std::string(parts[0])}, [&](const format::json::Value& record) {
        ++seen;
        require(record.is(format::json::Kind::Object), "a record is an object");
      });
  require(count == seen, "every record is counted");
}
