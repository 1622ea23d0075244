// Lengths and times as microscopy files write them, in micrometres and seconds.
#pragma once

#include <optional>
#include <string_view>

namespace cytofleet {

/// Micrometres in one `unit` ("nm", "µm", "micron", "inch", ...); absent when it is not a length.
/// Micro may be written as U+00B5, U+03BC, the Latin-1 byte, the text \u00B5, or u.
std::optional<double> micrometres_per(std::string_view unit);

/// Seconds in one `unit` ("s", "ms", "min", ...); absent when it is not a time.
std::optional<double> seconds_per(std::string_view unit);

/// value * factor, or absent when the result is not a finite number above zero.
std::optional<double> positive(double value, std::optional<double> factor);

/// The number a text begins with, blanks before it skipped, "." as decimal point in every locale.
std::optional<double> to_number(std::string_view text);

}  // namespace cytofleet
