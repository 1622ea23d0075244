// Planes of labels for tests: drawn with letters, or random.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/resize/resize.hpp"

namespace cytofleet::test {

struct LabelPlane {
    Extent extent;
    std::vector<std::uint32_t> labels;
    std::uint32_t at(std::int64_t y, std::int64_t x) const {
        return labels[static_cast<std::size_t>(y * extent.width + x)];
    }
    bool operator==(const LabelPlane& other) const {
        return extent == other.extent && labels == other.labels;
    }
};

/// One text per row: a digit or letter is its label ('a' is 10), '.' is background.
LabelPlane drawn(const std::vector<std::string>& rows);
/// And back; '#' for labels above 'z'. What a failing test prints.
std::string picture_of(const LabelPlane& plane);

/// Every pixel one of 0 to `labels`, each with the same chance; large `zeros` favours 0.
LabelPlane speckled(Extent extent, std::uint32_t labels, std::uint32_t zeros, std::uint32_t seed);

/// `count` discs, rings and rods, numbered from 1, later over earlier: they touch, overlap and
/// some vanish.
LabelPlane shapes(Extent extent, std::uint32_t count, std::uint32_t seed);

}  // namespace cytofleet::test
