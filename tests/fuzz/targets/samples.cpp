// samples.jsonl: what is wrong with it, and when nothing is, what is in it.

#include "core/format/sample_set.hpp"
#include "tests/fuzz/scratch.hpp"

void lateral::fuzz::run(Input input) {
  const ScratchFile file("samples.jsonl", text_of(input));
  const auto report = format::check_samples(scratch_folder());
  if (!report.problems.empty()) require_readable(report.problems_text());
  const auto set = format::read_samples(scratch_folder());
  require(static_cast<std::int64_t>(set.samples.size()) == report.samples, "every sample is counted");
  const auto moments = format::moments_of(set);
  require(static_cast<std::int64_t>(moments.size()) == report.moments, "every moment is counted");
  for (const auto& moment : moments)
    require(!moment.samples.empty() && !moment.inputs.empty(), "moments have samples");
}
