// What one thread needs to run a network on the CPU: maps, scratch memory and a oneDNN stream.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include <oneapi/dnnl/dnnl.hpp>

#include "backend/cpu/blocked.hpp"
#include "backend/nn_ops.hpp"
#include "tensor/tensor.hpp"

namespace cytofleet::cpu {

class CpuWorkspace : public Workspace {
  public:
    CpuWorkspace(const dnnl::engine& engine, std::int64_t block) : block_(block), stream_(engine) {}
    FeaturesPtr make(std::int64_t n, std::int64_t channels, std::int64_t height,
                     std::int64_t width) override;
    FeaturesPtr make_planar(std::int64_t n, std::int64_t channels, std::int64_t height,
                            std::int64_t width) override;
    /// Size and block of another.
    std::unique_ptr<BlockedFeatures> make_like(const BlockedFeatures& other);
    /// 64-byte aligned; the next call may reuse it.
    std::span<float> scratch(std::int64_t floats);
    dnnl::stream& stream() { return stream_; }

  private:
    std::int64_t block_;
    BufferPool pool_;
    Tensor scratch_;
    dnnl::stream stream_;
};

}  // namespace cytofleet::cpu
