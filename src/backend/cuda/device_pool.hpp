// Device memory that is used again and again by the work of one stream.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace cytofleet::cuda {

/// Blocks given back may be taken at once: what runs later on the stream comes after what runs now.
/// Not for several threads. Blocks must be given back before the pool ends.
class DevicePool {
  public:
    /// refuse: of a pool whose free blocks are named by records.
    enum class WhenFull { free_what_is_free, refuse };
    struct Block {
        void* data = nullptr;
        std::size_t bytes = 0;
    };
    explicit DevicePool(WhenFull when_full = WhenFull::free_what_is_free) : when_full_(when_full) {}
    ~DevicePool();
    DevicePool(const DevicePool&) = delete;
    DevicePool& operator=(const DevicePool&) = delete;
    /// The smallest free block that fits, unless it would waste more than half of itself; else a
    /// new one. When the device is full, what is free is freed first, or not: see WhenFull. Throws
    /// DeviceError.
    Block take(std::size_t bytes);
    void give(Block block) noexcept { free_.push_back(block); }
    /// Bytes of all blocks, free or not.
    std::size_t held() const { return held_; }
    /// Back to the device, once what uses it is done.
    void release_free() noexcept;

  private:
    WhenFull when_full_;
    std::vector<Block> free_;  ///< has room for all blocks
    std::size_t blocks_ = 0;   ///< free or not
    std::size_t held_ = 0;
};

/// A block for as long as this lives.
class Scratch {
  public:
    Scratch() = default;
    Scratch(DevicePool& pool, std::size_t bytes) : pool_(&pool), block_(pool.take(bytes)) {}
    ~Scratch() {
        if (pool_ != nullptr) pool_->give(block_);
    }
    Scratch(Scratch&& other) noexcept
        : pool_(std::exchange(other.pool_, nullptr)), block_(other.block_) {}
    Scratch& operator=(Scratch&& other) noexcept {
        std::swap(pool_, other.pool_);
        std::swap(block_, other.block_);
        return *this;
    }
    void* data() const { return block_.data; }
    float* floats() const { return static_cast<float*>(block_.data); }
    /// Null without a block.
    DevicePool* pool() const { return pool_; }

  private:
    DevicePool* pool_ = nullptr;
    DevicePool::Block block_;
};

}  // namespace cytofleet::cuda
