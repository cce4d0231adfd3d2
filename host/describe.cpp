#include "host/describe.hpp"

#include <cstdio>

namespace lateral::host {
namespace {

void add_score(format::json::Writer& json, const runtime::Score& score) {
  json.begin_object()
      .member("name", score.name)
      .member("accuracy", score.accuracy)
      .member("low", score.low)
      .member("high", score.high)
      .member("right", score.right)
      .member("questions", score.questions)
      .end_object();
}

void add_encoder(format::json::Writer& json, const plugin::EncoderSpec& encoder) {
  json.begin_object()
      .member("name", encoder.name)
      .member("modality", encoder.modality)
      .member("token_space", encoder.token_space)
      .member("token_width", static_cast<std::int64_t>(encoder.token_width))
      .member("max_tokens", static_cast<std::int64_t>(encoder.max_tokens))
      .end_object();
}

/// "camera 1.0.0", or "signs (torch-module 1.0.0)".
std::string titled(const std::string& plugin, const std::string& library, const std::string& version) {
  return plugin == library ? plugin + " " + version : plugin + " (" + library + " " + version + ")";
}

}  // namespace

std::string rounded(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

std::string listed(const Counts& counts) {
  std::string out;
  for (const auto& [name, count] : counts) {
    out += (out.empty() ? "" : ", ") + (name.empty() ? std::string("(none)") : name) + " " +
           std::to_string(count);
  }
  return out.empty() ? "none" : out;
}

void add_counts(format::json::Writer& json, std::string_view name, const Counts& counts) {
  json.key(name).begin_object();
  for (const auto& [key, count] : counts) json.member(key, count);
  json.end_object();
}

void add_members(format::json::Writer& json, const runtime::Answer& answer) {
  json.member("text", answer.text).key("ids").begin_array();
  for (const std::int64_t id : answer.ids) json.value(id);
  json.end_array();
  add_strings(json, "senses", answer.senses);
  json.key("missing").begin_array();
  for (const auto& missing : answer.missing) {
    json.begin_object()
        .member("connection", missing.connection)
        .member("reason", missing.reason)
        .end_object();
  }
  json.end_array()
      .member("logits", answer.logits)
      .member("first_token_ms", answer.first_token_ms)
      .member("total_ms", answer.total_ms);
}

void add_members(format::json::Writer& json, const runtime::LoadResult& result) {
  json.member("plugin", result.plugin).member("library", result.library).member("version", result.version);
  add_strings(json, "attached", result.attached);
  add_strings(json, "notes", result.notes);
  json.member("load_ms", result.load_ms).member("attach_ms", result.attach_ms);
}

void add_members(format::json::Writer& json, const runtime::UnloadResult& result) {
  json.member("plugin", result.plugin);
  add_strings(json, "detached", result.detached);
  json.member("outcome", result.outcome)
      .member("reason", result.reason)
      .member("detach_ms", result.detach_ms)
      .member("unload_ms", result.unload_ms);
}

void add_members(format::json::Writer& json, const runtime::UpgradeResult& result) {
  json.member("plugin", result.plugin)
      .member("from", result.from)
      .member("version", result.version)
      .member("token_space", result.token_space)
      .member("outcome", result.outcome)
      .member("reason", result.reason)
      .member("prepare_ms", result.prepare_ms)
      .member("exchange_ms", result.exchange_ms)
      .member("close_ms", result.close_ms);
}

void add_members(format::json::Writer& json, const runtime::RollbackResult& result) {
  json.member("what", result.upgrade ? "plugin" : "adapter");
  if (result.upgrade) {
    add_members(json, *result.upgrade);
  } else {
    json.member("plugin", result.plugin);
  }
}

void add_members(format::json::Writer& json, const runtime::AdaptResult& result) {
  json.member("connection", result.connection)
      .member("attached", result.attached)
      .member("verdict", result.verdict)
      .member("adapter", result.adapter.string())
      .member("seconds", result.seconds)
      .member("steps", result.steps)
      .member("samples", result.samples)
      .key("measures")
      .begin_object();
  for (const auto& [name, value] : result.measures) json.member(name, value);
  json.end_object();
}

void add_members(format::json::Writer& json, const runtime::Status& status) {
  json.member("model", status.model.string())
      .member("model_identity", status.model_identity)
      .member("layers", status.layers)
      .member("answers_running", static_cast<std::int64_t>(status.answers_running))
      .key("plugins")
      .begin_array();
  for (const auto& plugin : status.plugins) {
    json.begin_object()
        .member("id", plugin.id)
        .member("library", plugin.library)
        .member("version", plugin.version)
        .member("state", plugin.state)
        .member("reason", plugin.reason)
        .member("isolation", plugin.isolation)
        .member("file", plugin.file.string())
        .member("has_input", plugin.has_input)
        .key("encoders")
        .begin_array();
    for (const auto& encoder : plugin.encoders) add_encoder(json, encoder);
    json.end_array().end_object();
  }
  json.end_array().key("connections").begin_array();
  for (const auto& connection : status.connections) {
    json.begin_object()
        .member("name", connection.name)
        .member("plugin", connection.plugin)
        .member("method", connection.method)
        .member("blocks", connection.blocks)
        .member("adapter", connection.adapter.string())
        .member("state", connection.state)
        .member("reason", connection.reason)
        .end_object();
  }
  json.end_array();
}

void add_members(format::json::Writer& json, const runtime::Evaluation& evaluation) {
  json.key("all");
  add_score(json, evaluation.all);
  json.member("f1", evaluation.all.f1).key("by_type").begin_array();
  for (const auto& score : evaluation.by_type) add_score(json, score);
  json.end_array().key("majority");
  if (evaluation.majority.questions > 0) {
    add_score(json, evaluation.majority);
  } else {
    json.null();
  }
  json.member("seconds", evaluation.seconds);
}

std::string text_of(const runtime::Answer& answer) {
  std::string text = answer.text;
  for (const auto& missing : answer.missing) {
    text += "\n  (without " + missing.connection + ": " + missing.reason + ")";
  }
  return text;
}

std::string text_of(const runtime::LoadResult& result) {
  std::string text = "loaded " + titled(result.plugin, result.library, result.version) + " in " +
                     rounded(result.load_ms, 1) + " ms; attached: " + joined(result.attached);
  for (const auto& note : result.notes) text += "\n  note: " + note;
  return text;
}

std::string text_of(const runtime::UnloadResult& result) {
  std::string text =
      "unloaded " + result.plugin + " in " + rounded(result.unload_ms, 1) + " ms: " + result.outcome;
  if (!result.reason.empty()) text += " (" + result.reason + ")";
  if (!result.detached.empty()) text += "; detached: " + joined(result.detached);
  return text;
}

std::string text_of(const runtime::UpgradeResult& result) {
  std::string text = result.plugin + " " + result.from + " -> " + result.version + ": ready in " +
                     rounded(result.prepare_ms, 1) + " ms, exchanged in " + rounded(result.exchange_ms, 2) +
                     " ms; the former one is " + result.outcome;
  if (!result.reason.empty()) text += " (" + result.reason + ")";
  return text;
}

std::string text_of(const runtime::RollbackResult& result) {
  return result.upgrade ? text_of(*result.upgrade) : result.plugin + " is back to its former adapter";
}

std::string text_of(const runtime::AdaptResult& result) {
  return result.connection + ": " + result.verdict + "\n  " + std::to_string(result.samples) + " samples, " +
         std::to_string(result.steps) + " steps, " + rounded(result.seconds, 1) + " s; " +
         (result.attached ? "attached" : "NOT attached (--force attaches it all the same)") +
         (result.adapter.empty() ? "" : "; kept in " + result.adapter.string());
}

std::string text_of(const runtime::Status& status) {
  std::string text = "model " + status.model.string() + " (" + std::to_string(status.layers) +
                     " blocks, identity " + status.model_identity +
                     "), answers running: " + std::to_string(status.answers_running);
  for (const auto& plugin : status.plugins) {
    text += "\nplugin " + titled(plugin.id, plugin.library, plugin.version) + " (" + plugin.isolation +
            "): " + plugin.state + (plugin.reason.empty() ? "" : " (" + plugin.reason + ")") +
            (plugin.has_input ? "" : ", no input yet");
  }
  for (const auto& connection : status.connections) {
    text += "\nconnection " + connection.name + " (" + connection.plugin + ", " + connection.method +
            ", blocks " + connection.blocks + "): " + connection.state +
            (connection.reason.empty() ? "" : " (" + connection.reason + ")");
  }
  return text;
}

}  // namespace lateral::host
