// How far two label images agree when label numbers do not matter.
#pragma once

#include <cstdint>
#include <span>

namespace cytofleet::test {

/// As the golden set's check.py counts.
struct Agreement {
    std::size_t pixels = 0;     ///< that differ
    std::int64_t expected = 0;  ///< cells
    std::int64_t got = 0;
    double precision = 0;  ///< at IoU 0.5: TP / (TP + FP + FN)
    double iou = 0;        ///< mean over the pairs matched at 0.5
    /// How far from perfect: the largest of 1 - precision, 1 - iou and the relative difference of
    /// the counts. 0 only when every pixel has the same number.
    double distance() const;
};

Agreement agreement(std::span<const std::uint32_t> expected, std::span<const std::uint32_t> got);

}  // namespace cytofleet::test
