// Finds the pixels that a label encloses, 64 pixels of a row at a time.
#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/labels/measure.hpp"

namespace cytofleet {

/// Keeps its buffers between labels. One per thread.
class HoleFinder {
  public:
    /// Whether `box` has pixels that are not `label` and that no path over four neighbours of such
    /// pixels joins to the border of the box. `labels`: rows of `width` pixels.
    bool find(std::span<const std::uint32_t> labels, std::int64_t width, std::uint32_t label,
              const LabelBox& box);

    /// The index into `labels` of every pixel found by the last find(), in raster order.
    template <typename Visit>
    void for_each_hole(Visit visit) const {
        for (std::int64_t y = 0; y < rows_; ++y)
            for (std::int64_t i = 0; i < words_; ++i) {
                std::uint64_t bits = free_[y * words_ + i] & ~outside_[y * words_ + i];
                for (; bits != 0; bits &= bits - 1)
                    visit(corner_ + y * width_ + 64 * i + std::countr_zero(bits));
            }
    }

  private:
    bool spread(std::int64_t y, std::int64_t from);

    std::int64_t corner_ = 0;  ///< index of the box's first pixel
    std::int64_t width_ = 0;   ///< of the frame
    std::int64_t rows_ = 0;
    std::int64_t words_ = 0;              ///< per row of the box
    std::vector<std::uint64_t> free_;     ///< bit: pixel of the box that is not the label
    std::vector<std::uint64_t> outside_;  ///< bit: joined to the border
};

}  // namespace cytofleet
