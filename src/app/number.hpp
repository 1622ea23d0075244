// Numbers of the command line, read strictly and without regard to the locale.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace cytofleet {

/// Throws Error{usage} naming `option` unless `text` is a whole number in [low, high].
std::int64_t whole_number(std::string_view option, std::string_view text, std::int64_t low,
                          std::int64_t high = std::numeric_limits<std::int64_t>::max());
/// The same for a finite decimal number; the point is the decimal sign.
double decimal_number(std::string_view option, std::string_view text,
                      double low = std::numeric_limits<double>::lowest(),
                      double high = std::numeric_limits<double>::max());

}  // namespace cytofleet
