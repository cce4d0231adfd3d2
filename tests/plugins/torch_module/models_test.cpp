// Encoders that others published, each through the C border in both isolations, against the values that its publisher's
// own code gives.
#include <functional>

#include "core/base/file.hpp"
#include "core/format/wav.hpp"
#include "loading.hpp"
#include "tests/plugins/torch_module/scripts.hpp"
#include "tests/support/catch.hpp"

using namespace lateral;
using plugin::InputKind;
using test::distance;
using test::real_data;

namespace {

using Numbers = std::vector<std::int64_t>;

std::string text(const std::string& value) {
  return value;
}

/// The same bits from a thread, a process and a sandbox.
plugin::Tokens expect_same_everywhere(const plugin::OptionMap& options,
                                      const std::vector<plugin::Input>& inputs) {
  std::vector<plugin::Tokens> results;
  for (const auto& where :
       {test::thread_with(options), test::process_with(options), test::process_with(options, true)}) {
    test::Loaded module(where);
    results.push_back(module.encode(inputs));
    const auto report = module.unload();
    INFO(report.reason);
    CHECK(report.unmapped());
  }
  for (const auto& other : {std::cref(results[1]), std::cref(results[2])}) {
    CHECK(at::equal(test::as_tensor(results[0].tokens), test::as_tensor(other.get().tokens)));
    CHECK(results[0].token_space == other.get().token_space);
  }
  return std::move(results[0]);
}

at::Tensor sound_of(const std::filesystem::path& file) {
  const auto audio = format::read_wav(file);
  return at::tensor(std::vector<float>(audio.samples.begin(), audio.samples.end()));
}

plugin::OptionMap sound_options(const std::filesystem::path& file) {
  return {{"file", text(file.string())},
          {"inputs", text("sound")},
          {"input.sound.kind", text("audio")},
          {"input.sound.rate_hz", std::int64_t{16'000}}};
}

}  // namespace

TEST_CASE("Silero VAD gives its published encoder outputs and probabilities, sound in, state inside") {
  const auto data = real_data("silero_vad");
  if (!data) return;
  const test::TemporaryFolder folder;
  test::save_script(
      {.methods = test::example_methods("silero.py"), .modules = {{"vad", *data / "silero_vad_16k.ts.pt"}}},
      folder / "silero.pt");
  auto options = sound_options(folder / "silero.pt");
  options["output.tokens.shape"] = Numbers{-1, 128};
  options["output.scores.index"] = std::int64_t{1};
  options["output.scores.layout"] = text("m 1 -> m 1");
  options["max_tokens"] = std::int64_t{1000};
  const auto sound = sound_of(*data / "test_20s.wav");
  const auto tokens =
      expect_same_everywhere(options, {test::input_of("sound", InputKind::Audio, sound, 16'000)});
  auto expected = test::tensors_in(*data / "expected_test_20s.safetensors");
  CHECK(distance(test::as_tensor(tokens.tokens), expected["encoder_out"]) < 1e-4);
  CHECK(distance(test::as_tensor(*tokens.scores).flatten(), expected["prob_torchscript"]) <
        1e-5);  // on another processor
  CHECK(distance(test::as_tensor(*tokens.scores).flatten(), expected["prob_onnxruntime"]) < 1e-5);
}

TEST_CASE("res8 gives its published features from the published coefficients, with the file as it is") {
  const auto data = real_data("weights/honk_res8"), words = real_data("speech_commands");
  if (!data || !words) return;
  const plugin::OptionMap options{{"file", text((*data / "res8.ts.pt").string())},
                                  {"inputs", text("mfcc")},
                                  {"input.mfcc.kind", text("table")},
                                  {"input.mfcc.shape", Numbers{101, 40}},
                                  {"input.mfcc.argument", Numbers{1, 101, 40}},
                                  {"output.tokens.shape", Numbers{1, 45}},
                                  {"output.keys.index", std::int64_t{1}},
                                  {"output.keys.shape", Numbers{1, 12}}};
  auto expected = test::tensors_in(*words / "expected_res8.safetensors");
  for (std::int64_t clip = 0; clip < 12; clip += 5) {
    const auto mfcc = expected["mfcc"][clip].contiguous();
    const auto tokens = expect_same_everywhere(options, {test::input_of("mfcc", InputKind::Table, mfcc)});
    CHECK(distance(test::as_tensor(tokens.tokens)[0], expected["features"][clip]) < 2e-6);
    CHECK(distance(test::as_tensor(*tokens.keys)[0], expected["logits"][clip]) < 2e-5);
  }
}

TEST_CASE("res8 hears the words that it is known to hear, sound in") {
  const auto data = real_data("weights/honk_res8"), words = real_data("speech_commands");
  if (!data || !words) return;
  const test::TemporaryFolder folder;
  auto tables = test::tensors_in(*data / "mfcc_tables.safetensors");
  test::save_script({.methods = test::example_methods("res8.py"),
                     .tensors = {{"mel", tables["mel_filters_40x241"]}, {"dct", tables["dct_40x40"]}},
                     .modules = {{"net", *data / "res8.ts.pt"}}},
                    folder / "res8.pt");
  auto options = sound_options(folder / "res8.pt");
  options["output.tokens.index"] = std::int64_t{1};
  options["output.tokens.shape"] = Numbers{1, 12};
  std::vector<std::filesystem::path> clips;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(*words)) {
    if (entry.path().extension() == ".wav") clips.push_back(entry.path());
  }
  std::sort(clips.begin(), clips.end());
  auto expected = test::tensors_in(*words / "expected_res8.safetensors");
  REQUIRE(static_cast<std::int64_t>(clips.size()) == expected["all_predictions"].numel());
  const test::Loaded module(test::thread_with(options));
  int agree = 0, right = 0;
  for (std::size_t i = 0; i < clips.size(); ++i) {
    const auto sound = sound_of(clips[i]);
    const auto tokens = module.encode({test::input_of("sound", InputKind::Audio, sound, 16'000)});
    const auto heard = test::as_tensor(tokens.tokens)[0].argmax().item<std::int64_t>();
    agree += heard == expected["all_predictions"][static_cast<std::int64_t>(i)].item<std::int64_t>() ? 1 : 0;
    right += heard == expected["all_labels"][static_cast<std::int64_t>(i)].item<std::int64_t>() ? 1 : 0;
  }
  CHECK(agree == static_cast<int>(clips.size()));
  CHECK(right == 200);
}

TEST_CASE(
    "FastestDet gives its published feature map as tokens and its head as keys, with the file as it is") {
  const auto data = real_data("weights/fastestdet_coco");
  if (!data) return;
  const plugin::OptionMap options{{"file", text((*data / "fastestdet.ts.pt").string())},
                                  {"inputs", text("image")},
                                  {"input.image.kind", text("image")},
                                  {"input.image.shape", Numbers{1, 352, 352, 3}},
                                  {"input.image.order", text("bgr")},
                                  {"input.image.divide_by", std::int64_t{255}},
                                  {"output.tokens.layout", text("1 e h w -> (h w) e")},
                                  {"output.tokens.shape", Numbers{484, 96}},
                                  {"output.keys.index", std::int64_t{1}},
                                  {"output.keys.layout", text("1 k h w -> (h w) k")},
                                  {"output.keys.shape", Numbers{484, 85}}};
  auto expected = test::tensors_in(*data / "expected_nuscenes_demo.safetensors");
  const auto picture = expected["input_bgr_u8"].flip(1).permute({0, 2, 3, 1}).contiguous();
  const auto tokens = expect_same_everywhere(options, {test::input_of("image", InputKind::Image, picture)});
  CHECK(distance(test::as_tensor(tokens.tokens), expected["spp_features"][0].flatten(1).t()) < 2e-5);
  CHECK(distance(test::as_tensor(*tokens.keys), expected["head_out"][0].flatten(1).t()) < 2e-4);
}

TEST_CASE("ResNet-20, written from its description and a file of weights, sees what it is known to see") {
  const auto data = real_data("weights/resnet20_cifar10");
  if (!data) return;
  const test::TemporaryFolder folder;
  test::save_script({.methods = test::example_methods("resnet20.py"),
                     .weights = test::tensors_in(*data / "resnet20.safetensors")},
                    folder / "resnet20.pt");
  const plugin::OptionMap options{{"file", text((folder / "resnet20.pt").string())},
                                  {"inputs", text("image")},
                                  {"input.image.kind", text("image")},
                                  {"input.image.shape", Numbers{-1, 32, 32, 3}},
                                  {"input.image.divide_by", std::int64_t{255}},
                                  {"input.image.mean", text("0.485, 0.456, 0.406")},
                                  {"input.image.std", text("0.229, 0.224, 0.225")},
                                  {"output.tokens.shape", Numbers{-1, 64}},
                                  {"output.keys.index", std::int64_t{1}},
                                  {"output.keys.shape", Numbers{-1, 10}},
                                  {"max_tokens", std::int64_t{200}}};
  const auto bytes = read_bytes(*data / "cifar10_test_subset.bin", 1U << 20U);
  const auto records = at::from_blob(const_cast<std::byte*>(bytes.data()), {200, 3073}, at::kByte);
  const auto pictures = records.narrow(1, 1, 3072).reshape({200, 32, 32, 3}).contiguous();
  const auto tokens = expect_same_everywhere(options, {test::input_of("image", InputKind::Image, pictures)});
  auto expected = test::tensors_in(*data / "expected.safetensors");
  CHECK(distance(test::as_tensor(tokens.tokens), expected["features"]) < 1e-5);
  CHECK(distance(test::as_tensor(*tokens.keys), expected["logits"]) < 1e-4);
  CHECK(test::as_tensor(*tokens.keys).argmax(1).eq(expected["labels"]).sum().item<int>() == 158);
}
