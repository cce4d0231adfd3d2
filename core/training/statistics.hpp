#pragma once
// Comparing answers as text, and saying how sure a percentage is. No torch.

#include <cstdint>
#include <string>
#include <string_view>

namespace lateral::training {

/// A share with its 95 % Wilson interval, the one that stays sensible near 0 and 1 and for few trials.
struct Proportion {
  std::int64_t hits = 0, trials = 0;
  double value = 0, low = 0, high = 1;  ///< 0, 0, 1 when there were no trials
};

/// Wilson (1927), z = 1.959964. Requires 0 <= hits <= trials.
Proportion wilson(std::int64_t hits, std::int64_t trials);

/// What answers are compared as: ASCII letters in lower case, runs of white space as one blank, no white
/// space at either end, no full stop at the end.
std::string normalised_answer(std::string_view text);

bool exact_match(std::string_view answer, std::string_view expected);

/// F1 over the words of both answers, a word counting as often as it occurs (Rajpurkar et al. 2016). 1 when
/// both are empty, 0 when one is.
double token_f1(std::string_view answer, std::string_view expected);

}  // namespace lateral::training
