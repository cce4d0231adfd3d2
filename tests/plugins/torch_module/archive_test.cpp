#include "plugins/torch_module/archive.hpp"

#include <cstdint>
#include <cstring>

#include "options.hpp"
#include "tests/support/files.hpp"

using namespace lateral;
using Catch::Contains;
using plugins::Archive;
using plugins::archive_at;
using test::refusal;

namespace {

template <typename T>
std::string bytes_of(T value) {
  std::string text(sizeof value, '\0');
  std::memcpy(text.data(), &value, sizeof value);
  return text;
}

struct Entry {
  std::string name;
  std::uint32_t unpacked = 0;
};

/// A zip archive of empty files, all in one folder, as far as its directory goes.
std::string zip(const std::vector<Entry>& entries) {
  const std::string start = std::string("PK\3\4") + std::string(26, '\0');
  std::string list;
  for (const auto& entry : entries) {
    const std::string name = "archive/" + entry.name;
    list += "PK\1\2" + std::string(20, '\0') + bytes_of(entry.unpacked) +
            bytes_of(static_cast<std::uint16_t>(name.size())) + std::string(16, '\0') + name;
  }
  const auto count = static_cast<std::uint16_t>(entries.size());
  return start + list + "PK\5\6" + std::string(4, '\0') + bytes_of(count) + bytes_of(count) +
         bytes_of(static_cast<std::uint32_t>(list.size())) +
         bytes_of(static_cast<std::uint32_t>(start.size())) + std::string(2, '\0');
}

/// An extra field of an entry, behind its name.
std::string extra(std::uint16_t id, const std::string& content) {
  return bytes_of(id) + bytes_of(static_cast<std::uint16_t>(content.size())) + content;
}

/// One entry of a TorchScript directory with these extra fields, so large that zip64 has its size.
std::string wide_entry(const std::string& name, const std::string& fields) {
  return "PK\1\2" + std::string(20, '\0') + bytes_of(0xFFFFFFFFU) +
         bytes_of(static_cast<std::uint16_t>(name.size())) +
         bytes_of(static_cast<std::uint16_t>(fields.size())) + std::string(14, '\0') + name + fields;
}

/// A zip64 archive of these entries: the numbers of the old end record lie.
std::string zip64(const std::vector<std::string>& entries, const std::string& mark = "PK\6\6") {
  const std::string start = std::string("PK\3\4") + std::string(26, '\0');
  std::string list;
  for (const auto& entry : entries) list += entry;
  const auto count = static_cast<std::uint64_t>(entries.size());
  const std::string wide = mark + std::string(20, '\0') + bytes_of(count) + bytes_of(count) +
                           bytes_of(static_cast<std::uint64_t>(list.size())) +
                           bytes_of(static_cast<std::uint64_t>(start.size()));
  const std::string locator = "PK\6\7" + std::string(4, '\0') +
                              bytes_of(static_cast<std::uint64_t>(start.size() + list.size())) +
                              std::string(4, '\0');
  return start + list + wide + locator + "PK\5\6" + std::string(4, '\0') + std::string(12, '\xFF') +
         std::string(2, '\0');
}

class Place {
 public:
  std::string hold(const std::string& content) const {
    test::write_file(folder_ / "model.pt", content);
    return (folder_ / "model.pt").string();
  }

 private:
  test::TemporaryFolder folder_;
};

const std::vector<Entry> kTorchScript = {
    {"data.pkl"}, {"code/__torch__.py"}, {"constants.pkl"}, {"data/0", 400}};

}  // namespace

TEST_CASE("TorchScript and AOTInductor packages are told apart by what is in them") {
  const Place place;
  CHECK(archive_at(place.hold(zip(kTorchScript))) == Archive::TorchScript);
  CHECK(archive_at(place.hold(zip({{"data/aotinductor/model/a.wrapper.so"}, {"archive_format"}}))) ==
        Archive::Package);
}

TEST_CASE("what people save instead is named, with what to do") {
  const Place place;
  const auto why = [&](const std::string& content) {
    return refusal(LAT_DATA_LOSS, [&] { archive_at(place.hold(content)); });
  };
  CHECK_THAT(why(zip({{"data.pkl"}, {"data/0", 40}})), Contains("torch.jit.script(model).save"));
  CHECK_THAT(why(zip({{"models/model.json"}})), Contains("aoti_compile_and_package"));
  CHECK_THAT(why("\x80\x02}q"), Contains("pickle, which is never read"));
  CHECK_THAT(why(""), Contains("neither TorchScript"));
  CHECK_THAT(why("abc"), Contains("neither TorchScript"));
  CHECK_THAT(why(std::string(1000, 'x')), Contains("neither TorchScript"));
  CHECK_THAT(why(zip({{"picture.png"}})), Contains("neither TorchScript"));
  CHECK_THAT(refusal(LAT_NOT_FOUND, [] { archive_at("/nonexistent/model.pt"); }),
             Contains("/nonexistent/model.pt"));
}

TEST_CASE("an archive cut short anywhere is one error") {
  const Place place;
  const std::string whole = zip(kTorchScript);
  for (std::size_t length = 4; length < whole.size(); ++length) {
    CHECK_THAT(refusal(LAT_DATA_LOSS, [&] { archive_at(place.hold(whole.substr(0, length))); }),
               Contains("cut short") || Contains("neither"));
  }
}

TEST_CASE("any changed byte of an archive is read or refused, and nothing else happens") {
  const Place place;
  const std::string whole = zip(kTorchScript);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string changed = whole;
    changed[i] = static_cast<char>(changed[i] ^ 0xFF);
    try {
      archive_at(place.hold(changed));
    } catch (const sdk::Error& error) {
      CHECK((error.code() == LAT_DATA_LOSS || error.code() == LAT_RESOURCE_EXHAUSTED));
    }
  }
}

TEST_CASE("a directory whose entries are none, or reach beyond it, is damaged") {
  const Place place;
  const auto why = [&](const std::string& content) {
    return refusal(LAT_DATA_LOSS, [&] { archive_at(place.hold(content)); });
  };
  std::string unmarked = zip(kTorchScript);
  unmarked[unmarked.find("PK\1\2")] = 'p';
  CHECK_THAT(why(unmarked), Contains("cut short or damaged"));
  std::string long_name = zip(kTorchScript);
  const std::size_t last = long_name.rfind("PK\1\2");
  long_name.replace(last + 28, 2, bytes_of(std::uint16_t{1000}));
  CHECK_THAT(why(long_name), Contains("cut short or damaged"));
  CHECK_THAT(why(zip({{"data.pkl"}, {"code/__torch__.py"}})), Contains("torch.jit.script(model).save"));
  // Where there is no magic number yet, the file is as large as the directory claims to be.
  std::string large = zip({});
  large.replace(large.size() - 10, 4, bytes_of(65U << 20U));
  const std::string path = place.hold(large.substr(0, 30) + std::string(65U << 20U, '\0') + large.substr(30));
  CHECK_THAT(refusal(LAT_DATA_LOSS, [&] { archive_at(path); }), Contains("cut short or damaged"));
}

TEST_CASE("an archive of large files is read by its wide records, which are as hostile as the others") {
  const Place place;
  const auto torch_script = [](const std::string& fields) {
    return std::vector<std::string>{wide_entry("a/code/m.py", fields), wide_entry("a/constants.pkl", fields)};
  };
  const std::string size = extra(1, bytes_of(5ULL << 30U));
  const std::string other = extra(0x5455, std::string(9, '\xFF'));
  CHECK(archive_at(place.hold(zip64(torch_script(other + size)))) == Archive::TorchScript);
  CHECK_THAT(refusal(LAT_DATA_LOSS, [&] { archive_at(place.hold(zip64(torch_script(size), "PK\6\5"))); }),
             Contains("cut short or damaged"));
  const std::string huge = extra(1, bytes_of(17ULL << 30U));
  for (const auto& fields : {huge, other + huge, extra(1, std::string(8, '\xFF'))}) {
    CHECK_THAT(refusal(LAT_RESOURCE_EXHAUSTED, [&] { archive_at(place.hold(zip64(torch_script(fields)))); }),
               Contains("16 GiB"));
  }
  // Together they come to less than 16 GiB again.
  const std::vector<std::string> wrapping{wide_entry("a/code/m.py", size),
                                          wide_entry("a/constants.pkl", extra(1, bytes_of(~0ULL << 30U)))};
  CHECK_THAT(refusal(LAT_RESOURCE_EXHAUSTED, [&] { archive_at(place.hold(zip64(wrapping))); }),
             Contains("16 GiB"));
}

TEST_CASE("an archive that would unpack to more than any model is refused") {
  const Place place;
  auto entries = kTorchScript;
  for (int i = 0; i < 5; ++i) entries.push_back({"data/" + std::to_string(i + 1), 0xFFFFFFF0U});
  CHECK_THAT(refusal(LAT_RESOURCE_EXHAUSTED, [&] { archive_at(place.hold(zip(entries))); }),
             Contains("16 GiB"));
}
