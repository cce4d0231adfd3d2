#include "tests/bench/frozen_encoders.hpp"

#include <ATen/core/Tensor.h>

#include "tests/plugins/torch_module/scripts.hpp"

namespace lateral::bench {
namespace {

// Added to the methods of the examples, whose text the senses use as it is.
constexpr const char* kShapes = R"(
def shapes(self, image: Tensor) -> Tensor:
    x = torch.relu(self.norm(torch.conv2d(image, self.w["conv1.weight"], None, [1, 1], [1, 1]), "bn1"))
    for stage in range(1, 3):
        for i in range(3):
            x = self.block(x, "layer{}.{}".format(stage, i), 2 if stage > 1 and i == 0 else 1)
    return torch.avg_pool2d(x, [4, 4])
)";

constexpr const char* kEarly = R"(
def early(self, sound: Tensor) -> Tensor:
    x = torch.relu(torch.conv2d(self.cepstrum(sound).unsqueeze(0).unsqueeze(0), self.w["conv0.weight"], None,
                                [1, 1], [1, 1]))
    x = torch.avg_pool2d(x, [4, 3])
    before = x
    for layer in range(1, 5):
        number = str(layer)
        x = torch.relu(torch.conv2d(x, self.w["conv" + number + ".weight"], None, [1, 1], [1, 1]))
        if layer % 2 == 0:
            x = x + before
            before = x
        x = torch.batch_norm(x, None, None, self.w["bn" + number + ".running_mean"],
                             self.w["bn" + number + ".running_var"], False, 0.0, 1e-5, False)
        if layer % 2 == 1:
            x = x * self.w["scale" + number + ".scale"].view([1, -1, 1, 1])
    return torch.adaptive_avg_pool1d(x.mean(3), 5)[0].t()
)";

}  // namespace

void write_resnet20(const std::filesystem::path& data, const std::filesystem::path& file) {
  test::save_script({.methods = test::example_methods("resnet20.py") + kShapes,
                     .weights = test::tensors_in(data / "weights/resnet20_cifar10/resnet20.safetensors")},
                    file);
}

void write_res8(const std::filesystem::path& data, const std::filesystem::path& file) {
  const auto folder = data / "weights/honk_res8";
  const auto tables = test::tensors_in(folder / "mfcc_tables.safetensors");
  test::save_script({.methods = test::example_methods("res8.py") + kEarly,
                     .tensors = {{"mel", tables.at("mel_filters_40x241")}, {"dct", tables.at("dct_40x40")}},
                     .weights = test::tensors_in(folder / "res8.safetensors"),
                     .modules = {{"net", folder / "res8.ts.pt"}}},
                    file);
}

}  // namespace lateral::bench
