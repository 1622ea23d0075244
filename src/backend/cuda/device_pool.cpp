#include "backend/cuda/device_pool.hpp"

#include "kernels/support/device_memory.hpp"

namespace cytofleet::cuda {

DevicePool::~DevicePool() {
    release_free();
}

DevicePool::Block DevicePool::take(std::size_t bytes) {
    auto best = free_.end();
    for (auto it = free_.begin(); it != free_.end(); ++it)
        if (it->bytes >= bytes && it->bytes <= 2 * bytes &&
            (best == free_.end() || it->bytes < best->bytes))
            best = it;
    if (best != free_.end()) {
        const Block out = *best;
        free_.erase(best);
        return out;
    }
    free_.reserve(blocks_ + 1);  // blocks are given back where nothing may throw
    Block out{nullptr, bytes};
    try {
        out.data = allocate(bytes);
    } catch (const DeviceError&) {
        if (free_.empty() || when_full_ == WhenFull::refuse) throw;
        release_free();
        out.data = allocate(bytes);
    }
    ++blocks_;
    held_ += bytes;
    return out;
}

void DevicePool::release_free() noexcept {
    for (const Block& block : free_) {
        release(block.data);
        held_ -= block.bytes;
    }
    blocks_ -= free_.size();
    free_.clear();
}

}  // namespace cytofleet::cuda
