#include "kernels/seeds/label_points.hpp"

#include <algorithm>
#include <limits>

#include "kernels/support/parallel.hpp"
#include "kernels/support/require.hpp"

namespace cytofleet {

std::uint32_t label_points(const Exec& exec, const EndCounts& counts,
                           std::span<const std::uint32_t> bin_labels, std::size_t seeds,
                           std::span<const std::uint32_t> pixels, std::span<const Point> ends,
                           double largest_size, std::span<std::uint32_t> labels) {
    require(bin_labels.size() == counts.count.size(), "one label per bin");
    require(pixels.size() == ends.size(), "one end per pixel");
    struct Found {
        std::uint32_t first = std::numeric_limits<std::uint32_t>::max();
        std::uint32_t label = 0;
        std::uint64_t size = 0;
    };
    std::vector<Found> found(seeds + 1);
    for (std::size_t i = 0; i < pixels.size(); ++i) {
        const std::uint32_t label = bin_labels[counts.bin(ends[i])];
        Found& entry = found[label];
        entry.first = std::min(entry.first, pixels[i]);
        ++entry.size;
        labels[pixels[i]] = label;
    }
    std::vector<Found> kept;
    for (std::size_t k = 1; k < found.size(); ++k) {
        found[k].label = static_cast<std::uint32_t>(k);
        if (found[k].size > 0 && !(static_cast<double>(found[k].size) > largest_size))
            kept.push_back(found[k]);
    }
    std::ranges::sort(kept, {}, &Found::first);
    std::vector<std::uint32_t> renamed(seeds + 1);
    for (std::size_t k = 0; k < kept.size(); ++k)
        renamed[kept[k].label] = static_cast<std::uint32_t>(k + 1);
    parallel_even(exec, std::ssize(pixels),
                  [&](std::int64_t i) { labels[pixels[i]] = renamed[labels[pixels[i]]]; });
    return static_cast<std::uint32_t>(kept.size());
}

}  // namespace cytofleet
