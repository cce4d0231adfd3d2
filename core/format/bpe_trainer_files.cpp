#include <algorithm>

#include "core/base/file.hpp"
#include "core/format/bpe_trainer.hpp"
#include "core/format/byte_level.hpp"
#include "core/format/json.hpp"

namespace lateral::format {
namespace {

using json::Writer;

void write_byte_level(Writer& out, bool use_regex) {
  out.begin_object()
      .member("type", "ByteLevel")
      .member("add_prefix_space", false)
      .member("trim_offsets", true);
  out.member("use_regex", use_regex).end_object();
}

void write_pretokenizer(Writer& out, bool split_digits) {
  if (!split_digits) return write_byte_level(out, true);
  out.begin_object().member("type", "Sequence").key("pretokenizers").begin_array();
  out.begin_object().member("type", "Digits").member("individual_digits", true).end_object();
  write_byte_level(out, true);
  out.end_array().end_object();
}

void write_template(Writer& out, const std::string& bos, std::int64_t id) {
  const auto piece = [&](const char* kind, const std::string& name, int type) {
    out.begin_object()
        .key(kind)
        .begin_object()
        .member("id", name)
        .member("type_id", type)
        .end_object()
        .end_object();
  };
  out.begin_object().member("type", "TemplateProcessing").key("single").begin_array();
  piece("SpecialToken", bos, 0);
  piece("Sequence", "A", 0);
  out.end_array().key("pair").begin_array();
  piece("SpecialToken", bos, 0);
  piece("Sequence", "A", 0);
  piece("Sequence", "B", 1);
  out.end_array().key("special_tokens").begin_object().key(bos).begin_object().member("id", bos);
  out.key("ids").begin_array().value(id).end_array().key("tokens").begin_array().value(bos).end_array();
  out.end_object().end_object().end_object();
}

void write_model(Writer& out, const BpeTrainer::Result& result) {
  out.begin_object().member("type", "BPE").key("dropout").null().key("unk_token").null();
  out.key("continuing_subword_prefix").null().key("end_of_word_suffix").null().member("fuse_unk", false);
  out.member("byte_fallback", false).member("ignore_merges", false).key("vocab").begin_object();
  for (std::size_t id = 0; id < result.vocab.size(); ++id)
    out.member(result.vocab[id], static_cast<std::int64_t>(id));
  out.end_object().key("merges").begin_array();
  for (const auto& [left, right] : result.merges) out.begin_array().value(left).value(right).end_array();
  out.end_array().end_object();
}

}  // namespace

void BpeTrainer::write(const Result& result, const std::filesystem::path& folder) const {
  const auto& special = options_.special_tokens;
  Writer out(1);
  out.begin_object().member("version", "1.0").key("truncation").null().key("padding").null();
  out.key("added_tokens").begin_array();
  for (std::size_t id = 0; id < special.size(); ++id) {
    out.begin_object().member("id", static_cast<std::int64_t>(id)).member("content", special[id]);
    for (const auto* flag : {"single_word", "lstrip", "rstrip", "normalized"}) out.member(flag, false);
    out.member("special", true).end_object();
  }
  out.end_array().key("normalizer").null().key("pre_tokenizer");
  write_pretokenizer(out, options_.split_digits);
  out.key("post_processor");
  if (options_.add_bos) {
    write_template(out, options_.bos,
                   std::find(special.begin(), special.end(), options_.bos) - special.begin());
  } else {
    out.null();
  }
  out.key("decoder");
  write_byte_level(out, true);
  out.key("model");
  write_model(out, result);
  out.end_object();
  write_atomically(folder / "tokenizer.json", std::move(out).text() + "\n");

  Writer config(2);
  config.begin_object().member("tokenizer_class", "PreTrainedTokenizerFast");
  for (const auto& [key, token] :
       {std::pair("bos_token", &options_.bos), std::pair("eos_token", &options_.eos),
        std::pair("pad_token", &options_.pad)}) {
    if (!token->empty()) config.member(key, *token);
  }
  config.end_object();
  write_atomically(folder / "tokenizer_config.json", std::move(config).text() + "\n");
}

}  // namespace lateral::format
