#pragma once
// Collects mistakes, so that a person corrects a file once and not once for each of them.
// Internal to core/config.

#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "core/config/config.hpp"

namespace lateral::config {

class Problems {
 public:
  template <typename... Parts>
  void add(const Location& where, const Parts&... parts) {
    found_.push_back({where, lateral::detail::concat(parts...)});
  }

  /// Throws InvalidArgument with one line a mistake in the order of the file, overrides last; of very many the first hundred.
  void throw_if_any() const;

 private:
  struct Problem {
    Location where;
    std::string message;
  };
  std::vector<Problem> found_;
};

}  // namespace lateral::config
