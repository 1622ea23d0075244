// The ways in which cuDNN computes convolutions on one device, and the kernels it compiled.
#pragma once

#include <cudnn.h>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "backend/cuda/conv_kernels.hpp"
#include "backend/cuda/cudnn_engine.hpp"
#include "backend/cuda/cudnn_graph.hpp"
#include "backend/cuda/kernel_files.hpp"

namespace cytofleet::cuda {

/// A finished plan and the graph it is of.
struct PlannedGraph {
    CudnnGraph graph;
    CudnnDescriptor plan;
};

class CudnnKernels : public ConvKernels {
  public:
    /// For a device of this process.
    CudnnKernels(int device, std::filesystem::path folder);
    /// For the device that this JSON describes. Throws DeviceError.
    CudnnKernels(const std::string& described, std::filesystem::path folder);

    void prepare(std::span<const WantedConvolution> wanted, int threads) override;
    KernelCounts counts() const override;
    std::vector<std::string> notes() override;

    /// Whether cuDNN has an acceptable way for reference_batch tiles: else the choice would depend
    /// on how many there are. Compiles nothing. `cudnn`: null plans for what the device's
    /// properties say. Throws DeviceError.
    bool knows(cudnnHandle_t cudnn, const ConvShape& shape, const ConvFusion& form);
    /// None where there is none after all. A fused kernel is read or compiled when it is first
    /// planned, about a second, and serves all batches. Throws DeviceError.
    std::optional<PlannedGraph> plan(cudnnHandle_t cudnn, const ConvShape& shape,
                                     const ConvFusion& form);

  private:
    /// Of a shape but for its tiles, and a form.
    struct Ways {
        std::mutex mutex;  ///< one thread compiles, others wait for it
        bool found = false;
        bool read = false;     ///< from the folder
        bool refused = false;  ///< what the folder has does not run
        std::vector<EngineChoice> choices;
        std::optional<CudnnDescriptor>
            cache;  ///< of kernels, which are compiled where something is fused
    };

    Ways& ways_of(const WantedConvolution& reference);
    void find(Ways& ways, const Target& target, const WantedConvolution& reference);
    bool read(Ways& ways, const Target& target, const WantedConvolution& reference,
              const CudnnDescriptor& graph);
    void keep(const Ways& ways, const EngineChoice& choice, const Target& target,
              const WantedConvolution& reference);
    std::optional<PlannedGraph> try_plan(Ways& ways, const Target& target,
                                         const WantedConvolution& wanted);
    void prepare_one(const WantedConvolution& wanted);
    /// This process's turn to compile, for all its threads.
    std::shared_ptr<const KernelLock> take_turn();
    Target target_of(cudnnHandle_t cudnn) const;
    std::string key_of(const WantedConvolution& reference) const;
    void note(const std::string& text);

    std::optional<int> device_;                  ///< none: described
    std::optional<CudnnDescriptor> properties_;  ///< none where cuDNN does not give them
    std::string kind_;                           ///< device_kind(); empty: nothing is kept
    KernelFiles files_;
    std::mutex turn_mutex_;
    std::weak_ptr<const KernelLock> turn_;
    mutable std::mutex mutex_;  ///< of all below
    std::map<WantedConvolution, std::unique_ptr<Ways>> ways_;
    KernelCounts counts_;
    std::vector<std::string> notes_;
    std::set<std::string> noted_;
};

}  // namespace cytofleet::cuda
