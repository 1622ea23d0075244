// The axes that a user gives an image, whatever its file says: "T", "TYX", "T6C2".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cytofleet {

using AxisSizes = std::vector<std::pair<char, std::int64_t>>;  ///< slowest first

/// 1 where there is no such axis.
std::int64_t size_in(const AxisSizes& axes, char letter);

struct WantedAxes {
    std::vector<std::pair<char, std::optional<std::int64_t>>> axes;  ///< slowest first
    bool has(char letter) const;
    bool sized() const;  ///< any size is given
};

/// Letters of T C Z Y X S, each at most once and perhaps with its size; Y and X both or neither.
/// Throws Error{usage} that says what is taken.
WantedAxes parse_axes(std::string_view text);

/// The axes of a file as they are `wanted`. `known`: those longer than 1, and Y and X, whose
/// letters may be mere guesses (`guessed`). Sizes are those of the file in order, unless they are
/// given. Throws Error{input} without the file's name when they do not fit.
AxisSizes fit_axes(const WantedAxes& wanted, const AxisSizes& known, bool guessed);

/// "T 6, Y 64, X 64".
std::string text_of(const AxisSizes& axes);

}  // namespace cytofleet
