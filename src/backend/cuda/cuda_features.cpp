#include "backend/cuda/cuda_features.hpp"

#include <utility>

#include "base/error.hpp"

namespace cytofleet::cuda {

CudaFeatures::CudaFeatures(DevicePool& pool, std::int64_t tiles, std::int64_t channel_count,
                           std::int64_t rows, std::int64_t columns, Layout layout, Element element)
    : layout_(layout), element_(rows == 1 && columns == 1 ? Element::f32 : element) {
    ensure(tiles > 0 && channel_count > 0 && rows > 0 && columns > 0, "features are not empty");
    n = tiles;
    channels = channel_count;
    height = rows;
    width = columns;
    const std::int64_t bytes = planar() ? n * channels * height * width * 4 : size().bytes();
    memory_ = Scratch(pool, static_cast<std::size_t>(bytes));
}

Scratch CudaFeatures::take_copy(const Activation& activation) const {
    const bool asked = activation.scale != nullptr && copy_of_.scale == activation.scale &&
                       copy_of_.shift == activation.shift;
    return asked ? std::exchange(copy_, {}) : Scratch{};
}

FeaturesPtr CudaWorkspace::make(std::int64_t n, std::int64_t channels, std::int64_t height,
                                std::int64_t width) {
    return std::make_unique<CudaFeatures>(pool_, n, channels, height, width,
                                          CudaFeatures::Layout::channels_last, element_);
}

FeaturesPtr CudaWorkspace::make_planar(std::int64_t n, std::int64_t channels, std::int64_t height,
                                       std::int64_t width) {
    return std::make_unique<CudaFeatures>(pool_, n, channels, height, width,
                                          CudaFeatures::Layout::planar, Element::f32);
}

}  // namespace cytofleet::cuda
