#include "kernels/labels/relabel.hpp"

#include <algorithm>
#include <numeric>

#include "kernels/support/parallel.hpp"

namespace cytofleet {

void relabel(const Exec& exec, std::span<std::uint32_t> labels,
             std::span<const std::uint32_t> renamed) {
    parallel_even(exec, std::ssize(labels),
                  [&](std::int64_t i) { labels[i] = renamed[labels[i]]; });
}

std::uint32_t remove_small(const Exec& exec, std::span<std::uint32_t> labels,
                           std::span<const LabelBox> boxes, std::int64_t min_size) {
    std::vector<bool> erased(boxes.size());
    std::size_t rank = 0;
    for (const LabelBox& box : boxes) {
        if (box.size == 0) continue;
        if (rank > 0 && box.size < min_size) erased[rank] = true;
        ++rank;
    }
    std::vector<std::uint32_t> order;
    for (std::size_t k = 1; k < boxes.size(); ++k)
        if (boxes[k].size > 0 && !erased[k]) order.push_back(static_cast<std::uint32_t>(k));
    std::ranges::sort(order, {}, [boxes](std::uint32_t k) { return boxes[k].first; });
    std::vector<std::uint32_t> renamed(boxes.size());
    for (std::size_t k = 0; k < order.size(); ++k)
        renamed[order[k]] = static_cast<std::uint32_t>(k + 1);
    std::vector<std::uint32_t> same(boxes.size());
    std::iota(same.begin(), same.end(), 0U);
    if (renamed != same) relabel(exec, labels, renamed);
    return static_cast<std::uint32_t>(order.size());
}

}  // namespace cytofleet
