#pragma once
// The page that `lateral demo` leaves behind: one HTML file without scripts and without anything fetched from
// elsewhere, so that it can be opened years later or mailed.

#include <string>

#include "host/demo/report.hpp"

namespace lateral::host::demo {

/// The whole page, UTF-8. Pictures are inside as data URIs.
std::string page_of(const Report& report);

/// The accuracy chart alone, as an SVG document (README and docs use it).
std::string chart_of(const Report& report);

}  // namespace lateral::host::demo
