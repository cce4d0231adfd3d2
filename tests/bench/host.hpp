#pragma once
// A whole host for benchmarks of running answers: a random model with a tokenizer, and the template plugin with an
// adapter.

#include <filesystem>

#include "core/config/config.hpp"
#include "core/model/spec.hpp"
#include "core/plugin/isolation.hpp"

namespace lateral::bench {

inline constexpr const char* kQuestion = "what stands in front of the car";

std::filesystem::path template_file();

/// Writes model and adapter into `folder`; nothing is loaded at the start. `threads`: of a tensor operation.
config::Config make_host(const model::DecoderSpec& spec, plugin::Isolation isolation, int threads,
                         const std::filesystem::path& folder);

}  // namespace lateral::bench
