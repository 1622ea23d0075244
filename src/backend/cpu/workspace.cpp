#include "backend/cpu/workspace.hpp"

#include "base/error.hpp"

namespace cytofleet::cpu {

FeaturesPtr CpuWorkspace::make(std::int64_t n, std::int64_t channels, std::int64_t height,
                               std::int64_t width) {
    ensure(n == 1, "a CPU workspace holds one tile");
    return std::make_unique<BlockedFeatures>(pool_, channels, height, width, block_);
}

FeaturesPtr CpuWorkspace::make_planar(std::int64_t n, std::int64_t channels, std::int64_t height,
                                      std::int64_t width) {
    ensure(n == 1, "a CPU workspace holds one tile");
    return std::make_unique<BlockedFeatures>(pool_, channels, height, width, 1);
}

std::unique_ptr<BlockedFeatures> CpuWorkspace::make_like(const BlockedFeatures& other) {
    return std::make_unique<BlockedFeatures>(pool_, other.channels, other.height, other.width,
                                             other.block());
}

std::span<float> CpuWorkspace::scratch(std::int64_t floats) {
    if (static_cast<std::int64_t>(scratch_.values().size()) < floats)
        scratch_ = Tensor(Shape{floats});
    return scratch_.values();
}

}  // namespace cytofleet::cpu
