// 3 x 3 convolutions of blocked feature maps by Winograd's F(4x4, 3x3), in float32.
#pragma once

#include <cstdint>
#include <span>

#include <hwy/aligned_allocator.h>

namespace cytofleet::cpu {

/// Channels in a block that the kernels of this machine want: 16 (AVX-512) or 8 (AVX2); 0 where
/// there are none for it.
std::int64_t winograd_block();

/// The numbers of a convolution in Winograd's domain, laid out for the kernels.
class WinogradWeights {
  public:
    /// `weights`: (out, in, 3, 3). `upsampled`: for an input that is upsampled by 2 first, nearest
    /// neighbour, which saves 11 of 36 products. `block` as winograd_block() has it, not 0.
    WinogradWeights(std::span<const float> weights, std::int64_t in, std::int64_t out,
                    std::int64_t block, bool upsampled);
    std::int64_t in_blocks() const { return in_blocks_; }
    std::int64_t out_blocks() const { return out_blocks_; }
    std::int64_t block() const { return block_; }
    bool upsampled() const { return upsampled_; }
    /// Blocks of output channels that are computed together.
    std::int64_t panel() const { return panel_; }
    /// Of one product: (out_blocks / panel, in_blocks * block, panel * block).
    const float* of_product(std::int64_t product) const {
        return values_.get() + product * product_size_;
    }

  private:
    std::int64_t in_blocks_;
    std::int64_t out_blocks_;
    std::int64_t block_;
    bool upsampled_;
    std::int64_t panel_;
    std::int64_t product_size_;
    hwy::AlignedFreeUniquePtr<float[]> values_;
};

/// out = convolution(f(in)) + bias + add_scale * add, at least 0 with `relu`; f(x) is
/// max(0, in_scale * x + in_shift), or x where these are null. Maps are (blocks, height, width,
/// block).
struct WinogradTask {
    const float* in = nullptr;
    std::int64_t height = 0;  ///< of the output
    std::int64_t width = 0;
    const float* in_scale = nullptr;  ///< (in_blocks * block), with in_shift
    const float* in_shift = nullptr;
    float* out = nullptr;
    const float* bias = nullptr;       ///< (out_blocks * block)
    const float* add = nullptr;        ///< may be `out`, if it has its size; null: none
    const float* add_scale = nullptr;  ///< (out_blocks * block); null: 1
    bool add_upsampled = false;        ///< `add` has half the height and width
    bool relu = false;
};

/// Floats of scratch memory that a task needs.
std::int64_t winograd_scratch(const WinogradWeights& weights, std::int64_t height,
                              std::int64_t width);

/// One map on the calling thread. `scratch` is 64-byte aligned. Height and width of the output are
/// even where the input is upsampled. Every instruction set gives the same bits.
void winograd_convolve(const WinogradWeights& weights, const WinogradTask& task,
                       std::span<float> scratch);

}  // namespace cytofleet::cpu
