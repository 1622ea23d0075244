// Lets heat flow from the middle of a label to its border.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <hwy/aligned_allocator.h>

namespace cytofleet {

/// Heat in the box of one label, with margins that stay zero. Real: double or float.
template <typename Real>
class HeatBox {
  public:
    /// A cold box with this `inside` (height * width, raster order): pixels outside stay cold.
    /// Heat is divided by nine with `multiply` (times 1/9, as Cellpose's CPU code) or without (over
    /// 9, as torch's mean).
    void reset(std::int64_t height, std::int64_t width, std::span<const char> inside,
               bool multiply);

    /// `steps` times: adds 1 at (y, x), then every pixel inside becomes the ninth of the sum over
    /// its 3 by 3 neighbours, summed in Cellpose's order.
    void run(std::int64_t y, std::int64_t x, std::int64_t steps);

    /// Row y (-1 to height) from column 0 on; columns -1 and width are margins.
    const Real* row(std::int64_t y) const { return heat_.get() + origin(y); }

  private:
    /// Columns in front of the first: a whole vector, so that rows are aligned.
    static constexpr std::int64_t margin = 64 / static_cast<std::int64_t>(sizeof(Real));
    std::int64_t origin(std::int64_t y) const { return (y + 1) * stride_ + margin; }

    std::int64_t height_ = 0;
    std::int64_t width_ = 0;
    std::int64_t stride_ = 0;
    std::int64_t capacity_ = 0;
    bool multiply_ = true;
    hwy::AlignedFreeUniquePtr<Real[]> heat_;
    hwy::AlignedFreeUniquePtr<Real[]> next_;
    hwy::AlignedFreeUniquePtr<Real[]> scale_;  ///< factor 1/9 or divisor 9; 0 or infinity outside
};

}  // namespace cytofleet
