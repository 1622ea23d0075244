#include "kernels/labels/fill_holes.hpp"

#include <set>
#include <vector>

#include "kernels/labels/hole_finder.hpp"
#include "kernels/labels/relabel.hpp"
#include "kernels/support/parallel.hpp"

namespace cytofleet {

void fill_holes(const Exec& exec, std::span<std::uint32_t> labels, std::int64_t width,
                std::span<const LabelBox> boxes) {
    // Nearly no label has a hole: find those that do at once, then do only them one after another.
    std::vector<char> holed(boxes.size());
    std::vector<HoleFinder> finders(static_cast<std::size_t>(exec.threads));
    parallel_on_demand(exec, std::ssize(boxes), 16, [&](std::int64_t k, int thread) {
        if (k == 0) return;
        HoleFinder& finder = finders[static_cast<std::size_t>(thread)];
        holed[k] = finder.find(labels, width, static_cast<std::uint32_t>(k), boxes[k]) ? 1 : 0;
    });
    std::set<std::uint32_t> waiting;
    for (std::size_t k = 1; k < holed.size(); ++k)
        if (holed[k] != 0) waiting.insert(waiting.end(), static_cast<std::uint32_t>(k));
    HoleFinder& finder = finders.front();
    while (!waiting.empty()) {
        const std::uint32_t label = *waiting.begin();
        waiting.erase(waiting.begin());
        if (!finder.find(labels, width, label, boxes[label])) continue;
        finder.for_each_hole([&](std::int64_t pixel) {
            // A label whose turn is still to come has lost a pixel, and may have got a hole by it.
            if (labels[pixel] > label) waiting.insert(labels[pixel]);
            labels[pixel] = label;
        });
    }
    std::vector<std::uint32_t> renamed(boxes.size());
    std::uint32_t next = 0;
    bool gaps = false;
    for (std::size_t k = 1; k < boxes.size(); ++k) {
        if (boxes[k].size > 0) renamed[k] = ++next;
        gaps = gaps || boxes[k].size == 0;
    }
    if (gaps) relabel(exec, labels, renamed);
}

}  // namespace cytofleet
