#include "backend/cpu/blocked.hpp"

#include <algorithm>

namespace cytofleet::cpu {

Tensor BufferPool::take(std::int64_t floats) {
    // The smallest buffer that is large enough, unless it would waste more than half of itself.
    auto best = free_.end();
    for (auto it = free_.begin(); it != free_.end(); ++it) {
        const std::int64_t size = it->shape()[0];
        if (size >= floats && size <= 2 * floats &&
            (best == free_.end() || size < best->shape()[0]))
            best = it;
    }
    if (best == free_.end()) return Tensor(Shape{floats});
    Tensor out = std::move(*best);
    free_.erase(best);
    return out;
}

void BufferPool::give(Tensor buffer) {
    constexpr std::size_t most = 16;  // a network has fewer feature maps alive; other sizes age out
    free_.push_back(std::move(buffer));
    if (free_.size() > most) free_.erase(free_.begin());
}

BlockedFeatures::BlockedFeatures(BufferPool& pool, std::int64_t channel_count, std::int64_t rows,
                                 std::int64_t columns, std::int64_t block)
    : pool_(pool), block_(block) {
    n = 1;
    channels = channel_count;
    height = rows;
    width = columns;
    buffer_ = pool.take(blocks() * block * rows * columns);
}

BlockedFeatures::~BlockedFeatures() {
    pool_.give(std::move(buffer_));
}

}  // namespace cytofleet::cpu
