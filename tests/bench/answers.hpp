#pragma once
// Benchmarks of running answers, which need loops of their own: what is compared takes turns.

#include <cstdint>
#include <vector>

#include "core/format/json.hpp"
#include "core/plugin/isolation.hpp"

namespace lateral::bench {

/// Of unsorted values; `share` in [0, 1]. NaN-free; 0 for no values.
double quantile(std::vector<double> values, double share);

/// From the command that loads the template plugin to the first token of an answer that sees with it, and the same for
/// one that is loaded already; each time about a reading that was never seen before.
void first_token(const char* shape, plugin::Isolation isolation, std::int64_t rounds,
                 format::json::Writer& json);

/// A running answer's gaps between tokens while the template plugin, in this isolation, is loaded, upgraded, detached,
/// attached and unloaded `cycles` times, beside those of quiet answers of `length` tokens in the same process, which take
/// turns with them.
void stalls(const char* shape, plugin::Isolation isolation, std::int64_t cycles, std::int64_t length,
            format::json::Writer& json);

}  // namespace lateral::bench
