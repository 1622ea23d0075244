// Feature maps of one tile in blocks of channels: (channels / block, height, width, block).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
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

/// One tile (n is 1). Channels are padded with zeros to whole blocks, except for the network's
/// input and output, which are planar (block 1).
class BlockedFeatures : public Features {
  public:
    BlockedFeatures(BufferPool& pool, std::int64_t channel_count, std::int64_t rows,
                    std::int64_t columns, std::int64_t block);
    /// Values per channel with memory of their own.
    BlockedFeatures(std::span<const float> values, std::int64_t block);
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
    /// (padded_channels): of a map of one pixel.
    std::span<float> per_channel() { return {data(), static_cast<std::size_t>(padded_channels())}; }
    std::span<const float> per_channel() const {
        return {data(), static_cast<std::size_t>(padded_channels())};
    }
    /// From and to planes (channels, height, width).
    void assign(std::span<const float> planes);
    void copy_to(std::span<float> planes) const;

  private:
    BufferPool* pool_;  ///< null: not from a pool
    std::int64_t block_;
    Tensor buffer_;
};

/// Features of this backend, which they all are.
inline const BlockedFeatures& blocked(const Features& features) {
    return static_cast<const BlockedFeatures&>(features);
}
inline BlockedFeatures& blocked(Features& features) {
    return static_cast<BlockedFeatures&>(features);
}

/// `values`, then zeros for the channels that pad the last block.
std::vector<float> padded(std::span<const float> values, std::int64_t size);

}  // namespace cytofleet::cpu
