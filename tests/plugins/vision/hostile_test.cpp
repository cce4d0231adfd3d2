// Directories and pictures that are wrong in one way each: one clear error, naming what to change.
#include "core/base/file.hpp"
#include "support.hpp"
#include "tests/support/catch.hpp"

using namespace lateral;
using Failure = std::pair<Errc, std::string>;

namespace {

/// For one damage.
struct Directory : test::ModelCopy {
  explicit Directory(const std::string& family = "vit") : ModelCopy(family) {}
  Failure failure(plugin::OptionMap options = {}) const {
    options["model"] = folder.path().string();
    options.emplace("layers", std::int64_t{2});
    if (std::get<std::int64_t>(options["layers"]) == 0) options.erase("layers");
    return test::failure_of([&] { test::Vision vision(std::move(options)); });
  }
};

void expect(const Failure& failure, Errc code, const std::string& part) {
  INFO(failure.second);
  CHECK(failure.first == code);
  CHECK(failure.second.find(part) != std::string::npos);
}

Failure with_config(const std::string& from, const std::string& to) {
  Directory directory;
  directory.change("config.json", from, to);
  return directory.failure();
}

Failure with_processor(const std::string& text, const std::string& family = "vit") {
  const Directory directory(family);
  test::write_file(directory.folder / "preprocessor_config.json", text);
  return directory.failure();
}

const plugin::OptionValue kNoLayers = std::int64_t{0};

}  // namespace

TEST_CASE("a config.json that cannot be is refused with its place") {
  expect(with_config("\"vit\"", "\"resnet\""), Errc::Unsupported,
         "\"resnet\" is none of: vit, deit, dinov2, clip");
  expect(with_config("\"hidden_size\": 8", "\"hidden_size\": \"six\""), Errc::Corrupt,
         "$.hidden_size: expected an integer");
  expect(with_config("\"hidden_size\": 8", "\"hidden_size\": 9"), Errc::Corrupt,
         "not a multiple of num_attention_heads");
  expect(with_config("\"hidden_size\": 8", "\"hidden_size\": 0"), Errc::Corrupt, "$.hidden_size");
  expect(with_config("\"num_channels\": 3", "\"num_channels\": 5"), Errc::Unsupported, "num_channels");
  expect(with_config("\"gelu\"", "\"mish\""), Errc::Unsupported, "the activation \"mish\" is none of: gelu");
  expect(with_config("\"patch_size\": 4", "\"patch_size\": 400"), Errc::Corrupt,
         "patch_size is larger than image_size");
  expect(with_config("\"image_size\": 12", "\"image_size\": 16"), Errc::Unsupported,
         "makes pictures of 12 by 12");
  expect(with_config("{", ""), Errc::Corrupt, "config.json");
}

TEST_CASE("weights that are missing, cut short, of another shape or not finite are refused by name") {
  expect(with_config("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3"), Errc::NotFound,
         "encoder.layer.2.");
  expect(with_config("\"intermediate_size\": 12", "\"intermediate_size\": 13"), Errc::Corrupt,
         "\"encoder.layer.0.intermediate.dense.weight\" is [12, 8], not [13, 8]");
  Directory directory;
  const auto file = directory.folder / "model.safetensors";
  auto bytes = read_text(file, 1U << 20U);
  for (const std::size_t size : {std::size_t{0}, std::size_t{7}, std::size_t{100}, bytes.size() - 1}) {
    test::write_file(file, bytes.substr(0, size));
    expect(directory.failure(), Errc::Corrupt, "model.safetensors");
  }
  const std::string tensor = "encoder.layer.1.output.dense.bias";
  bytes.replace(test::numbers_of(bytes, tensor), 4, std::string("\0\0\xC0\x7F", 4));
  test::write_file(file, bytes);
  expect(directory.failure(), Errc::Corrupt, '"' + tensor + "\" holds a number that is not finite");
}

TEST_CASE("a preprocessor_config.json that cannot be followed exactly is refused") {
  expect(with_processor(R"({"resample": 4})"), Errc::Unsupported, "resample 4 is none of");
  expect(with_processor(R"({"image_processor_type": "PixtralImageProcessor"})"), Errc::Unsupported,
         "ViTImageProcessor");
  expect(with_processor(R"({"size": {"shortest_edge": 12}})"), Errc::Unsupported, "without do_center_crop");
  expect(with_processor(R"({"size": {"height": 12}})"), Errc::Corrupt, "width");
  expect(with_processor(R"({"size": 12, "image_std": [0, 0, 0]})"), Errc::Corrupt, "overflow");
  expect(with_processor(R"({"size": 12, "image_mean": [0, 0]})"), Errc::Corrupt, "three numbers");
  expect(with_processor(R"({"size": 12, "do_pad": true})"), Errc::Unsupported, "do_pad");
  expect(with_processor(R"({"size": 27})", "siglip"), Errc::Unsupported, "without do_center_crop");
  expect(with_processor(R"({"size": 12, "default_to_square": false})"), Errc::Unsupported,
         "without do_center_crop");
  expect(with_processor(R"({"size": [12, 12, 3]})"), Errc::Corrupt, "two sizes, height and width");
}

TEST_CASE("a directory without a processor, or with a link to none, says which files count") {
  const Directory linked;
  std::filesystem::create_symlink("nowhere.json", linked.folder / "processor_config.json");
  expect(linked.failure(), Errc::NotFound, "/processor_config.json");
  const Directory none;
  std::filesystem::remove(none.folder / "preprocessor_config.json");
  expect(none.failure(), Errc::NotFound,
         "holds neither a processor_config.json with an image_processor nor a preprocessor_config.json");
  test::write_file(none.folder / "processor_config.json", R"({"image_processor": {"resample": 4}})");
  expect(none.failure(), Errc::Unsupported, "processor_config.json: $.image_processor.resample: resample 4");
}

TEST_CASE("a model of texts and pictures that says nothing of pictures has the usual sizes") {
  const auto failure = [](const char* family, const std::string& config) {
    const Directory directory(family);
    test::write_file(directory.folder / "config.json", config);
    return directory.failure();
  };
  expect(failure("siglip", R"({"model_type": "siglip"})"), Errc::Unsupported, "wants 224 by 224");
  expect(failure("clip", R"({"model_type": "clip", "vision_config": null})"), Errc::Unsupported,
         "wants 224 by 224");
  expect(failure("clip", R"({"model_type": "clip", "vision_config": {"image_size": 24, "patch_size": 8},
                             "vision_config_dict": {"patch_size": 8}})"),
         Errc::Unsupported, "wants 224 by 224");
}

TEST_CASE("pictures that a model has no positions for are refused at load") {
  const Directory siglip("siglip");
  siglip.change("config.json", "\"image_size\": 27", "\"image_size\": 36");
  expect(siglip.failure(), Errc::Unsupported, "makes pictures of 27 by 27, config.json wants 36 by 36");
  const Directory dinov2("dinov2");
  dinov2.change("config.json", "\"image_size\": 9", "\"image_size\": [9, 6]");
  dinov2.rewrite_weights([](format::TensorView tensor) {
    if (tensor.name == "embeddings.position_embeddings") {
      tensor.shape = {1, 7, 8};
      tensor.bytes = tensor.bytes.first(7 * 8 * sizeof(float));
    }
    return std::vector{tensor};
  });
  expect(dinov2.failure(), Errc::Unsupported, "only positions of a square can be interpolated");
}

TEST_CASE("options that the model does not have are refused by name") {
  expect(test::failure_of([] { test::Vision vision({}); }), Errc::InvalidArgument,
         "option \"model\" is missing");
  expect(test::failure_of([] {
           test::Vision vision({{"model", std::string("/nowhere")}});
         }),
         Errc::NotFound, "/nowhere");
  const Directory directory;
  const auto text = [](const char* value) { return plugin::OptionValue(std::string(value)); };
  expect(directory.failure({{"layers", std::int64_t{3}}}), Errc::InvalidArgument, "this model has 2 blocks");
  expect(directory.failure({{"tokens", text("words")}}), Errc::InvalidArgument,
         "known: class, patch, pooled");
  expect(directory.failure({{"tokens", text("patch")}}), Errc::InvalidArgument, "unknown option \"layers\"");
  expect(directory.failure({{"layers", kNoLayers}, {"tokens", text("patch")}, {"layer", std::int64_t{-4}}}),
         Errc::InvalidArgument, "\"layer\" leads out of the model");
  expect(Directory("siglip").failure(), Errc::InvalidArgument, "has no class token");
}

TEST_CASE("pictures that are taken as they are must have the model's size") {
  const Directory directory;
  test::write_file(directory.folder / "preprocessor_config.json", R"({"do_resize": false})");
  test::Vision vision({{"model", directory.folder.path().string()}, {"layers", std::int64_t{1}}});
  const std::vector<std::uint8_t> pixels(2 * 16 * 16 * 3, 7);
  const auto failure = [&](std::vector<std::int64_t> shape) {
    return test::failure_of([&] { vision.encode(pixels, std::move(shape)); });
  };
  expect(failure({1, 12, 13, 3}), Errc::InvalidArgument, "pictures of 12 by 13 pixels");
  expect(failure({2, 16, 16, 3}), Errc::InvalidArgument, "give it pictures of 12 by 12");
  CHECK(vision.encode(pixels, {2, 12, 12, 3}).tokens.rows == 2);
}

TEST_CASE("pictures without pixels, too many of them or endless ones are refused, and the next is encoded") {
  test::Vision vision({{"model", test::vision_model("clip").string()},
                       {"layers", std::int64_t{1}},
                       {"views", std::int64_t{2}}});
  const std::vector<std::uint8_t> pixels(3U << 20U, 7);
  const auto failure = [&](std::vector<std::int64_t> shape) {
    return test::failure_of([&] { vision.encode(pixels, std::move(shape)); });
  };
  CHECK(failure({1, 0, 5, 3}).first == Errc::InvalidArgument);
  CHECK(failure({0, 5, 5, 3}).first == Errc::InvalidArgument);
  CHECK(failure({1, 5, 5, 4}).first == Errc::InvalidArgument);
  expect(failure({3, 5, 5, 3}), Errc::InvalidArgument, "3 views; option \"views\" admits 1 to 2");
  expect(failure({1, 1, 1 << 20, 3}), Errc::ResourceExhausted, "is too long");
  CHECK(vision.encode(pixels, {1, 1, 1, 3}).tokens.rows == 1);
  CHECK(vision.encode(pixels, {2, 40, 3, 3}).tokens.rows == 2);
}
