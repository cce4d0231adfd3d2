#include "tests/bench/host.hpp"

#include <ATen/ATen.h>

#include <string>

#include "core/connector/adapter_file.hpp"
#include "core/format/bpe_trainer.hpp"
#include "core/model/load.hpp"
#include "core/runtime/language.hpp"
#include "tests/bench/material.hpp"
#include "tests/support/files.hpp"

namespace lateral::bench {

std::filesystem::path template_file() {
  return test::build_folder() / "lib/lateral/template.lateral.so";
}

config::Config make_host(const model::DecoderSpec& spec, plugin::Isolation isolation, int threads,
                         const std::filesystem::path& folder) {
  const auto decoder = random_model(spec);
  model::save_model(decoder, folder);
  format::BpeTrainerOptions bytes;
  bytes.vocab_size = 256;
  format::BpeTrainer trainer(bytes);
  trainer.add(kQuestion);
  trainer.write(trainer.train(), folder);
  connector::AdapterInfo info{.base_model = runtime::identity_of(decoder),
                              .token_space = "template-1",
                              .plugin = "template",
                              .encoder = "template",
                              .blocks = wiring::BlockSet::parse("last:4", static_cast<int>(spec.layers)),
                              .aligner = {16, 128, spec.kv_heads, spec.head_dim}};
  connector::save_adapter(folder / "template.safetensors", connector::Adapter(info));
  return config::parse("[model]\npath = \".\"\n[plugins]\nsearch = [\"" +
                           template_file().parent_path().string() + "\"]\n[plugin.template]\nisolation = \"" +
                           std::string(name_of(isolation)) +
                           "\"\n[[connection]]\nplugin = \"template\"\nblocks = \"last:4\"\n"
                           "adapter = \"template.safetensors\"\n[run]\nload = []\nthreads = " +
                           std::to_string(threads) + "\n",
                       folder / "bench.toml");
}

}  // namespace lateral::bench
