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
    constexpr std::int64_t small =
        4096;  // values per channel would push maps out, and cost nothing
    if (buffer.shape()[0] < small) return;
    free_.push_back(std::move(buffer));
    if (free_.size() > most) free_.erase(free_.begin());
}

BlockedFeatures::BlockedFeatures(BufferPool& pool, std::int64_t channel_count, std::int64_t rows,
                                 std::int64_t columns, std::int64_t block)
    : pool_(&pool), block_(block) {
    n = 1;
    channels = channel_count;
    height = rows;
    width = columns;
    buffer_ = pool.take(blocks() * block * rows * columns);
}

BlockedFeatures::BlockedFeatures(std::span<const float> values, std::int64_t block)
    : pool_(nullptr), block_(block) {
    n = 1;
    channels = std::ssize(values);
    height = 1;
    width = 1;
    buffer_ = Tensor(Shape{padded_channels()}, padded(values, padded_channels()));
}

BlockedFeatures::~BlockedFeatures() {
    if (pool_ != nullptr) pool_->give(std::move(buffer_));
}

void BlockedFeatures::assign(std::span<const float> planes) {
    const std::int64_t pixels = height * width;
    if (block_ == 1) {
        std::ranges::copy(planes, data());
        return;
    }
    for (std::int64_t c = 0; c < padded_channels(); ++c) {
        float* to = data() + c / block_ * pixels * block_ + c % block_;
        for (std::int64_t p = 0; p < pixels; ++p)
            to[p * block_] = c < channels ? planes[static_cast<std::size_t>(c * pixels + p)] : 0.0F;
    }
}

void BlockedFeatures::copy_to(std::span<float> planes) const {
    const std::int64_t pixels = height * width;
    if (block_ == 1) {
        std::copy_n(data(), planes.size(), planes.begin());
        return;
    }
    for (std::int64_t c = 0; c < channels; ++c) {
        const float* from = data() + c / block_ * pixels * block_ + c % block_;
        for (std::int64_t p = 0; p < pixels; ++p)
            planes[static_cast<std::size_t>(c * pixels + p)] = from[p * block_];
    }
}

std::vector<float> padded(std::span<const float> values, std::int64_t size) {
    std::vector<float> out(values.begin(), values.end());
    out.resize(static_cast<std::size_t>(size));
    return out;
}

}  // namespace cytofleet::cpu
