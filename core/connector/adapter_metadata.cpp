#include "core/connector/adapter_metadata.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <set>
#include <string_view>

#include "core/base/error.hpp"
#include "core/wiring/plan.hpp"

namespace lateral::connector {
namespace {

constexpr std::string_view kFormat = "lateral-adapter";
constexpr std::int64_t kVersion = 1;
constexpr std::string_view kTraining = "training.";
constexpr std::int64_t kMaxSize = 1 << 20;  // of any one dimension
constexpr std::int64_t kMaxLayers = 4096;

template <typename Number>
std::string text_of(Number number) {
  std::array<char, 32> digits{};  // the shortest text that reads back equal
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  return {digits.data(), end};
}

std::string name_of_seen(const std::optional<SeenGate::Scope>& seen) {
  if (!seen) return "none";
  return *seen == SeenGate::Scope::Token ? "token" : "sample";
}

/// Reads keys and collects what is wrong with them, so that one error tells all.
class Reader {
 public:
  explicit Reader(const format::Metadata& metadata) : metadata_(metadata) {}

  std::string text(const std::string& key) {
    read_.insert(key);
    const auto found = metadata_.find(key);
    if (found != metadata_.end()) return found->second;
    problem(key, "is missing");
    return {};
  }

  /// As number(), of a key that need not be there.
  template <typename Number>
  Number number_or(const std::string& key, Number otherwise, Number low, Number high) {
    return metadata_.contains(key) ? number<Number>(key, low, high) : otherwise;
  }

  template <typename Number>
  Number number(const std::string& key, Number low, Number high) {
    const std::string value = text(key);
    Number parsed{};
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), parsed);
    const bool whole = error == std::errc() && end == value.data() + value.size();
    if (whole && parsed >= low && parsed <= high) return parsed;
    if (!value.empty())
      problem(key, detail::concat("must be a number from ", low, " to ", high, ", found \"", value, '"'));
    return low;
  }

  /// Whatever `parse` throws about the key becomes one of the problems.
  template <typename Parse>
  auto parsed(const std::string& key, Parse parse) -> std::optional<decltype(parse(std::string()))> {
    const std::string value = text(key);
    if (value.empty()) return std::nullopt;
    try {
      return parse(value);
    } catch (const Error& error) {
      problem(key, error.what());
      return std::nullopt;
    }
  }

  void problem(const std::string& key, const std::string& what) { problems_ += "\n  " + key + ": " + what; }

  std::map<std::string, std::string> rest_under(std::string_view prefix) {
    std::map<std::string, std::string> rest;
    for (const auto& [key, value] : metadata_) {
      if (read_.contains(key)) continue;
      key.starts_with(prefix) ? void(rest[key.substr(prefix.size())] = value) : problem(key, "is unknown");
    }
    return rest;
  }

  const std::string& problems() const { return problems_; }

 private:
  const format::Metadata& metadata_;
  std::set<std::string> read_;
  std::string problems_;
};

void check_format(const format::Metadata& metadata, const std::string& source) {
  const auto format = metadata.find("format");
  if (format == metadata.end() || format->second != kFormat) {
    fail(Errc::Corrupt, "adapter", source, " is not an adapter: its metadata lacks format = ", kFormat);
  }
  const auto version = metadata.find("format_version");
  if (version != metadata.end() && version->second != text_of(kVersion)) {
    fail(Errc::Unsupported, "adapter", source, " has format version ", version->second, "; this build reads ",
         kVersion);
  }
}

std::optional<SeenGate::Scope> seen_named(const std::string& name) {
  if (name == "none") return std::nullopt;
  if (name == "token") return SeenGate::Scope::Token;
  if (name == "sample") return SeenGate::Scope::Sample;
  fail(Errc::Corrupt, "seen", '"', name, "\" is none of none, token, sample");
}

AlignerShape read_aligner(Reader& reader) {
  AlignerShape shape;
  shape.width = reader.number<std::int64_t>("width", 1, kMaxSize);
  shape.inner = reader.number<std::int64_t>("inner", 0, kMaxSize);
  shape.kv_heads = reader.number<std::int64_t>("kv_heads", 1, kMaxSize);
  shape.head_dim = reader.number<std::int64_t>("head_dim", 1, kMaxSize);
  shape.pairs = reader.number_or<std::int64_t>("pairs", 1, 1, kMaxSize);
  return shape;
}

std::optional<SummaryShape> read_summary(Reader& reader, std::int64_t width) {
  SummaryShape shape{.width = width};
  shape.segments = reader.number_or<std::int64_t>("summary_segments", 0, 0, kMaxSize);
  shape.kinds = reader.number_or<std::int64_t>("summary_kinds", 0, 0, kMaxSize);
  if ((shape.segments == 0) != (shape.kinds == 0))
    reader.problem("summary_segments", "must be given where summary_kinds is, and only there");
  return shape.kinds == 0 ? std::nullopt : std::optional(shape);
}

std::optional<LoraShape> read_lora(Reader& reader, const AlignerShape& aligner) {
  constexpr double kMax = std::numeric_limits<double>::max();
  LoraShape shape;
  shape.rank = reader.number<std::int64_t>("lora_rank", 0, kMaxSize);
  shape.alpha = reader.number<double>("lora_alpha", -kMax, kMax);
  shape.hidden = reader.number<std::int64_t>("hidden", 0, kMaxSize);
  shape.kv_width = aligner.kv_width();
  if (shape.rank == 0) return std::nullopt;
  if (shape.hidden == 0) reader.problem("hidden", "must be given where lora_rank is");
  return shape;
}

std::string checked_id(const std::string& id) {
  wiring::check_id(id, "id");
  return id;
}

}  // namespace

format::Metadata metadata_of(const AdapterInfo& info) {
  const auto lora = info.lora.value_or(LoraShape{.rank = 0, .alpha = 0.0});
  format::Metadata metadata{
      {"format", std::string(kFormat)},
      {"format_version", text_of(kVersion)},
      {"base_model", info.base_model},
      {"token_space", info.token_space},
      {"plugin", info.plugin},
      {"encoder", info.encoder},
      {"method", std::string(name_of(info.method))},
      {"layers", text_of(info.blocks.layers())},
      {"blocks", info.blocks.text()},
      {"width", text_of(info.token_width())},
      {"inner", text_of(info.aligner.inner)},
      {"kv_heads", text_of(info.aligner.kv_heads)},
      {"head_dim", text_of(info.aligner.head_dim)},
      {"tau", text_of(info.tau)},
      {"seen", name_of_seen(info.seen)},
      {"lora_rank", text_of(lora.rank)},
      {"lora_alpha", text_of(lora.alpha)},
      {"hidden", text_of(lora.hidden)},
      {"seed", text_of(info.seed)},
  };
  if (!info.library.empty() && info.library != info.plugin) metadata["library"] = info.library;
  if (info.aligner.pairs != 1) metadata["pairs"] = text_of(info.aligner.pairs);
  if (info.summary) {
    metadata["summary_segments"] = text_of(info.summary->segments);
    metadata["summary_kinds"] = text_of(info.summary->kinds);
  }
  for (const auto& [key, value] : info.training) metadata[std::string(kTraining) + key] = value;
  return metadata;
}

AdapterInfo info_of(const format::Metadata& metadata, const std::string& source) {
  check_format(metadata, source);
  Reader reader(metadata);
  reader.text("format");
  reader.text("format_version");
  const auto layers = static_cast<int>(reader.number<std::int64_t>("layers", 1, kMaxLayers));
  const auto method =
      reader.parsed("method", [](const std::string& name) { return wiring::method_named(name); });
  const auto blocks =
      reader.parsed("blocks", [&](const std::string& text) { return wiring::BlockSet::parse(text, layers); });
  AdapterInfo info{.base_model = reader.text("base_model"),
                   .token_space = reader.text("token_space"),
                   .plugin = reader.parsed("plugin", checked_id).value_or(""),
                   .encoder = reader.parsed("encoder", checked_id).value_or(""),
                   .method = method.value_or(wiring::Method::LateKv),
                   .blocks = blocks.value_or(wiring::BlockSet::parse("all", layers)),
                   .aligner = read_aligner(reader)};
  info.library = info.plugin;
  if (metadata.contains("library")) info.library = reader.parsed("library", checked_id).value_or("");
  info.summary = read_summary(reader, info.aligner.width);
  if (info.summary) info.aligner.width = info.summary->kinds;
  info.tau =
      reader.number<double>("tau", std::numeric_limits<double>::min(), std::numeric_limits<double>::max());
  info.seen = reader.parsed("seen", seen_named).value_or(std::nullopt);
  info.lora = read_lora(reader, info.aligner);
  info.seed = reader.number<std::uint64_t>("seed", 0, std::numeric_limits<std::uint64_t>::max());
  info.training = reader.rest_under(kTraining);
  if (!reader.problems().empty())
    fail(Errc::Corrupt, "adapter", source, ": its metadata is wrong:", reader.problems());
  return info;
}

std::vector<std::pair<std::string, std::vector<std::int64_t>>> layout_of(const AdapterInfo& info) {
  std::vector<std::pair<std::string, std::vector<std::int64_t>>> layout;
  const auto& shape = info.aligner;
  for (const std::string part : {"aligner.k", "aligner.v"}) {
    if (shape.inner > 0) {
      layout.push_back({part + ".in.weight", {shape.inner, shape.width}});
      layout.push_back({part + ".in.bias", {shape.inner}});
    }
    const auto out = shape.pairs * shape.kv_width();
    layout.push_back({part + ".out.weight", {out, shape.inner > 0 ? shape.inner : shape.width}});
    layout.push_back({part + ".out.bias", {out}});
  }
  layout.push_back({"links.w", {info.blocks.size()}});
  if (info.seen) {
    layout.push_back({"seen.weight", {1, info.token_width()}});
    layout.push_back({"seen.bias", {1}});
  }
  if (info.summary) {
    layout.push_back({"summary.weight", {info.summary->kinds, info.summary->pooled()}});
    layout.push_back({"summary.bias", {info.summary->kinds}});
  }
  if (!info.lora) return layout;
  for (const int block : info.blocks.blocks()) {
    for (const std::string part : {".k", ".v"}) {
      const auto name = "lora." + std::to_string(block) + part;
      layout.push_back({name + ".down", {info.lora->rank, info.lora->hidden}});
      layout.push_back({name + ".up", {info.lora->kv_width, info.lora->rank}});
    }
  }
  return layout;
}

}  // namespace lateral::connector
