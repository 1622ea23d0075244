// Features in device memory.
#pragma once

#include <cstdint>
#include <span>

#include "backend/cuda/device_pool.hpp"
#include "backend/nn_ops.hpp"
#include "kernels/nn/device_maps.hpp"
#include "kernels/support/device_memory.hpp"

namespace cytofleet::cuda {

/// Channels-last with channels padded by zeros, in the element the network is computed in; values
/// per channel (maps of one pixel) are float32. Planar: float32 planes, not padded.
class CudaFeatures : public Features {
  public:
    enum class Layout { channels_last, planar };
    CudaFeatures(DevicePool& pool, std::int64_t tiles, std::int64_t channel_count,
                 std::int64_t rows, std::int64_t columns, Layout layout, Element element);
    bool planar() const { return layout_ == Layout::planar; }
    /// Of channels-last features.
    MapSize size() const { return {n, height, width, padded_channels(channels), element_}; }
    DevicePool& pool() const { return *memory_.pool(); }
    void* data() { return memory_.data(); }
    const void* data() const { return memory_.data(); }
    float* floats() { return memory_.floats(); }
    const float* floats() const { return memory_.floats(); }
    /// Of values per channel.
    ChannelValues values() const { return {floats(), n == 1 ? 0 : padded_channels(channels)}; }
    /// All tiles', of which one tile's own cannot be told by n.
    bool constant() const { return constant_; }
    void make_constant() { constant_ = true; }

    /// Takes this memory for its own and leaves what it had.
    void exchange(Scratch& memory) { std::swap(memory_, memory); }
    /// Maps of this size that hold max(0, scale * this + shift), for the convolution that asks for
    /// just that. Whoever writes to these features forgets the copy.
    void keep_copy(const Activation& activation, Scratch copy) {
        copy_of_ = activation;
        copy_ = std::move(copy);
    }
    void forget_copy() { keep_copy({}, {}); }
    /// For one convolution: the copy, if there is one of that activation, is no longer kept.
    Scratch take_copy(const Activation& activation) const;

  private:
    Layout layout_;
    Element element_;
    Scratch memory_;
    bool constant_ = false;
    Activation copy_of_;
    mutable Scratch copy_;
};

inline const CudaFeatures& on_device(const Features& features) {
    return static_cast<const CudaFeatures&>(features);
}
inline CudaFeatures& on_device(Features& features) {
    return static_cast<CudaFeatures&>(features);
}
/// None for null.
inline ChannelValues values_of(const Features* features) {
    return features == nullptr ? ChannelValues{} : on_device(*features).values();
}

/// Hands out features of one pool.
class CudaWorkspace : public Workspace {
  public:
    CudaWorkspace(DevicePool& pool, Element element) : pool_(pool), element_(element) {}
    FeaturesPtr make(std::int64_t n, std::int64_t channels, std::int64_t height,
                     std::int64_t width) override;
    FeaturesPtr make_planar(std::int64_t n, std::int64_t channels, std::int64_t height,
                            std::int64_t width) override;

  private:
    DevicePool& pool_;
    Element element_;
};

/// With a pool of its own, whose blocks records name.
class RecordedWorkspace : public Workspace {
  public:
    explicit RecordedWorkspace(Element element) : work_(pool_, element) {}
    FeaturesPtr make(std::int64_t n, std::int64_t channels, std::int64_t height,
                     std::int64_t width) override {
        return work_.make(n, channels, height, width);
    }
    FeaturesPtr make_planar(std::int64_t n, std::int64_t channels, std::int64_t height,
                            std::int64_t width) override {
        return work_.make_planar(n, channels, height, width);
    }
    void trim() override { pool_.release_free(); }

  private:
    DevicePool pool_{DevicePool::WhenFull::refuse};
    CudaWorkspace work_;
};

}  // namespace cytofleet::cuda
