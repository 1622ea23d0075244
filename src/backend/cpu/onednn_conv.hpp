// A convolution by oneDNN, prepared per tile size and kept.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include <oneapi/dnnl/dnnl.hpp>

#include "backend/cpu/cpu_convolution.hpp"

namespace cytofleet::cpu {

/// For 1 x 1 convolutions, planar inputs, and where there are no Winograd kernels of our own:
/// oneDNN's direct algorithm. Prepared for one tile and one thread, so that results depend neither
/// on the batch nor on the number of threads.
class OneDnnConvolution : public CpuConvolution {
  public:
    OneDnnConvolution(dnnl::engine engine, ConvNumbers numbers, std::int64_t block,
                      Sampling sampling);
    void run(CpuWorkspace& work, const BlockedFeatures& in, const Activation& activation,
             BlockedFeatures& out, const Epilogue& epilogue) const override;
    std::int64_t in_channels() const override { return numbers_.in; }
    std::int64_t out_channels() const override { return numbers_.out; }
    Sampling sampling() const override { return sampling_; }

  private:
    struct Key {
        std::int64_t height, width;
        bool planar, add, relu;
        auto operator<=>(const Key&) const = default;
    };
    struct Prepared {
        dnnl::convolution_forward::primitive_desc desc;
        dnnl::convolution_forward primitive;
        dnnl::memory weights;
    };
    std::shared_ptr<const Prepared> prepare(const Key& key) const;
    std::shared_ptr<const Prepared> make(const Key& key) const;
    dnnl::memory lay_out(const dnnl::memory::desc& wanted) const;
    /// The convolution alone; with `add` what `out` holds is added.
    void execute(CpuWorkspace& work, const BlockedFeatures& in, BlockedFeatures& out,
                 const float* bias, bool add, bool relu) const;

    dnnl::engine engine_;
    ConvNumbers numbers_;
    std::int64_t block_;
    Sampling sampling_;
    std::vector<float> bias_;  ///< padded
    std::vector<float> ones_;  ///< as many
    std::vector<float> zeros_;
    mutable std::mutex mutex_;
    mutable std::map<Key, std::shared_ptr<const Prepared>> prepared_;
    mutable std::vector<std::pair<dnnl::memory::desc, dnnl::memory>> laid_out_;
};

}  // namespace cytofleet::cpu
