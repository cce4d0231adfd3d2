#pragma once
// Small public encoders with their public weights, as published and frozen, written as the TorchScript files
// that the plugin torch-module reads: what the senses of `./dev bench senses` see and hear with.

#include <filesystem>

namespace lateral::bench {

/// ResNet-20 (He et al. 2016) trained on CIFAR-10. Its method `shapes` ends behind the second stage: pictures
/// [n, 3, 32, 32], normalised, become [n, 32, 4, 4], averages of 2 x 2. The third stage knows ten kinds of things,
/// the second edges and shapes. `data` holds weights/resnet20_cifar10.
void write_resnet20(const std::filesystem::path& data, const std::filesystem::path& file);

/// honk's res8 (Tang and Lin 2018) on one second of sound at 16 kHz: `forward` gives its features [1, 45] as
/// published, `early` the maps behind its fourth convolution of six, averaged over frequency and over five
/// stretches of time: [5, 45]. `data` holds weights/honk_res8.
void write_res8(const std::filesystem::path& data, const std::filesystem::path& file);

}  // namespace lateral::bench
