// bench_load FOLDER DTYPE THREADS: what it costs to have every weight of a model directory in memory, as one line of
// JSON. `program` is the resident memory before, so that libtorch itself can be told from the model; four tokens run
// through all blocks, because blocks are loaded when first used.

#include <ATen/core/grad_mode.h>
#include <ATen/ops/tensor.h>

#include <chrono>
#include <exception>
#include <iostream>

#include "core/format/json.hpp"
#include "core/model/load.hpp"
#include "core/tensor/memory.hpp"
#include "core/tensor/settings.hpp"

namespace {

using lateral::model::Decoder;

void measure(const std::filesystem::path& folder, const std::string& dtype) {
  const at::NoGradGuard no_gradients;
  const std::int64_t program = lateral::tensor::memory_report().peak_resident;
  const auto begin = std::chrono::steady_clock::now();
  const Decoder decoder = lateral::model::load_model(folder, lateral::tensor::parse_dtype(dtype));
  const at::Tensor ids = at::tensor({1, 2, 3, 4}, at::kLong).unsqueeze(0);
  const at::Tensor states = decoder.forward(0, decoder.spec().layers, decoder.embed(ids));
  const auto best = decoder.head(states).argmax(2)[0][3].item<std::int64_t>();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  const std::int64_t peak = lateral::tensor::memory_report().peak_resident;
  lateral::format::json::Writer json;
  json.begin_object().member("seconds", seconds.count()).member("program", program).member("peak", peak);
  json.member("best", best).end_object();
  std::cout << std::move(json).text() << '\n';
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: bench_load FOLDER DTYPE THREADS\n";
    return 2;
  }
  try {
    lateral::tensor::fix_threads(std::stoi(argv[3]));
    measure(argv[1], argv[2]);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
