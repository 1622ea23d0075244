// Feature maps of one tile in blocks of channels: (channels / block, height, width, block).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "backend/cpu/pointwise.hpp"
#include "backend/nn_ops.hpp"
#include "tensor/tensor.hpp"

namespace cytofleet::cpu {

/// Buffers that are used again and again by one thread.
class BufferPool {
  public:
    Tensor take(std::int64_t floats);
    void give(Tensor buffer);

  private:
    std::vector<Tensor> free_;
};

/// One tile (n is 1). Channels are padded with zeros to whole blocks, except for the first layer's
/// input, which is planar (block 1).
class BlockedFeatures : public Features {
  public:
    BlockedFeatures(BufferPool& pool, std::int64_t channel_count, std::int64_t rows,
                    std::int64_t columns, std::int64_t block);
    ~BlockedFeatures() override;
    BlockedFeatures(const BlockedFeatures&) = delete;
    BlockedFeatures& operator=(const BlockedFeatures&) = delete;
    std::int64_t block() const { return block_; }
    std::int64_t blocks() const { return (channels + block_ - 1) / block_; }
    std::int64_t padded_channels() const { return blocks() * block_; }
    MapView view() { return {data(), blocks(), height, width, block_}; }
    ConstMapView view() const { return {data(), blocks(), height, width, block_}; }
    float* data() { return buffer_.values().data(); }
    const float* data() const { return buffer_.values().data(); }

  private:
    BufferPool& pool_;
    std::int64_t block_;
    Tensor buffer_;
};

}  // namespace cytofleet::cpu
