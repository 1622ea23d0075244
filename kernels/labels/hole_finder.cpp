#include "kernels/labels/hole_finder.hpp"

#include <algorithm>

#include "kernels/labels/spread_bits.hpp"

namespace cytofleet {
bool HoleFinder::spread(std::int64_t y, std::int64_t from) {
    std::uint64_t* out = outside_.data() + y * words_;
    const std::uint64_t* open = free_.data() + y * words_;
    const std::uint64_t* near = outside_.data() + from * words_;
    bool grew = false;
    std::uint64_t carry = 0;
    for (std::int64_t i = 0; i < words_; ++i) {
        const std::uint64_t seed = (out[i] | near[i] | carry) & open[i];
        if (seed != out[i]) {
            out[i] = spread_in_word(seed, open[i]);
            grew = true;
        }
        carry = out[i] >> 63;
    }
    carry = 0;
    for (std::int64_t i = words_; i-- > 0;) {
        const std::uint64_t seed = (out[i] | carry) & open[i];
        if (seed != out[i]) {
            out[i] = spread_in_word(seed, open[i]);
            grew = true;
        }
        carry = (out[i] & 1U) << 63;
    }
    return grew;
}

bool HoleFinder::find(std::span<const std::uint32_t> labels, std::int64_t width,
                      std::uint32_t label, const LabelBox& box) {
    rows_ = 0;
    if (box.size == 0 || box.height() < 3 || box.width() < 3) return false;
    corner_ = box.top * width + box.left;
    width_ = width;
    rows_ = box.height();
    const std::int64_t columns = box.width();
    words_ = (columns + 63) / 64;
    free_.assign(static_cast<std::size_t>(rows_ * words_), 0);
    outside_.assign(static_cast<std::size_t>(rows_ * words_), 0);
    for (std::int64_t y = 0; y < rows_; ++y) {
        const std::uint32_t* row = labels.data() + corner_ + y * width;
        for (std::int64_t i = 0; i < words_; ++i) {
            std::uint64_t bits = 0;
            const std::int64_t count = std::min<std::int64_t>(64, columns - 64 * i);
            for (std::int64_t x = 0; x < count; ++x)
                bits |= std::uint64_t{row[64 * i + x] != label} << x;
            free_[y * words_ + i] = bits;
        }
        std::uint64_t* out = outside_.data() + y * words_;
        const std::uint64_t* open = free_.data() + y * words_;
        if (y == 0 || y == rows_ - 1) {
            std::copy_n(open, words_, out);
            continue;
        }
        out[0] |= open[0] & 1U;
        const std::uint64_t last = std::uint64_t{1} << ((columns - 1) % 64);
        out[words_ - 1] |= open[words_ - 1] & last;
        // The seeds at both ends spread along their row first.
        for (std::int64_t i = 0; i < words_; ++i) out[i] = spread_in_word(out[i], open[i]);
        spread(y, y);
    }
    for (bool grew = true; grew;) {
        grew = false;
        for (std::int64_t y = 1; y < rows_ - 1; ++y) grew = spread(y, y - 1) || grew;
        for (std::int64_t y = rows_ - 2; y > 0; --y) grew = spread(y, y + 1) || grew;
    }
    return free_ != outside_;
}

}  // namespace cytofleet
