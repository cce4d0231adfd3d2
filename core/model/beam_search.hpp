#pragma once
// Beam search with the rules of transformers 5 (which differ from textbooks in when they stop and what
// they count).

#include <cstdint>
#include <span>
#include <vector>

#include "core/model/generate.hpp"
#include "core/model/session.hpp"

namespace lateral::model {

/// One answer per prompt. `session` holds one row per prompt; the beams become its rows.
std::vector<Answer> beam_search(Session& session, const std::vector<Ids>& prompts,
                                const GenerateOptions& options, std::span<const std::int64_t> eos,
                                std::int64_t max_new_tokens);

}  // namespace lateral::model
