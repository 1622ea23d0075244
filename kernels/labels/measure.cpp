#include "kernels/labels/measure.hpp"

#include <algorithm>

#include "kernels/support/parallel.hpp"
#include "kernels/support/require.hpp"

namespace cytofleet {
namespace {

std::uint32_t largest_label(const Exec& exec, std::span<const std::uint32_t> labels) {
    std::vector<std::uint32_t> largest(static_cast<std::size_t>(exec.threads));
    parallel_threads(exec, [&](int thread, int threads) {
        const Piece piece = piece_of(std::ssize(labels), thread, threads);
        std::uint32_t mine = 0;
        for (std::int64_t i = piece.begin; i < piece.end; ++i) mine = std::max(mine, labels[i]);
        largest[static_cast<std::size_t>(thread)] = mine;
    });
    return std::ranges::max(largest);
}

}  // namespace

std::vector<LabelBox> measure_labels(const Exec& exec, std::span<const std::uint32_t> labels,
                                     std::int64_t height, std::int64_t width) {
    require(std::ssize(labels) == height * width, "labels have the frame's size");
    std::vector<LabelBox> boxes(std::size_t{largest_label(exec, labels)} + 1);
    for (std::int64_t y = 0; y < height; ++y) {
        const std::uint32_t* row = labels.data() + y * width;
        for (std::int64_t x = 0; x < width;) {
            const std::uint32_t label = row[x];
            const std::int64_t begin = x;
            while (x < width && row[x] == label) ++x;
            LabelBox& box = boxes[label];
            if (box.size == 0) {
                box = {y, begin, y, x - 1, y * width + begin, 0};
            } else {
                box.left = std::min(box.left, begin);
                box.right = std::max(box.right, x - 1);
                box.bottom = y;
            }
            box.size += x - begin;
        }
    }
    return boxes;
}

}  // namespace cytofleet
