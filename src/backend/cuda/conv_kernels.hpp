// How a device's convolutions are computed and the kernels compiled for them: found once for all
// libraries of a process, and kept on disk for other processes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "backend/cuda/wanted_convolution.hpp"

namespace cytofleet::cuda {

/// Of fused forms, whose kernels are compiled. A form is the same for all batches.
struct KernelCounts {
    std::int64_t compiled = 0;  ///< by this process
    std::int64_t read = 0;      ///< from the folder
    std::int64_t kept = 0;      ///< written to the folder
};

/// Of one device. All calls from any thread.
class ConvKernels {
  public:
    virtual ~ConvKernels() = default;
    /// Makes ready what ConvPlans would take for `wanted`, on as many `threads`; while another
    /// process of the user is at it, waits for it, up to a minute. What cannot be made ready is
    /// left to be found, and refused, when it is asked for.
    virtual void prepare(std::span<const WantedConvolution> wanted, int threads) = 0;
    virtual KernelCounts counts() const = 0;
    /// What people should know of files that were not taken or not kept; each once.
    virtual std::vector<std::string> notes() = 0;
};

/// For a GPU of this process; `folder`: where kernels are kept, empty: nowhere. Throws nothing of
/// the device's: that shows when convolutions are planned.
std::shared_ptr<ConvKernels> open_conv_kernels(int device, const std::filesystem::path& folder);
/// For a device that cuDNN knows from its description alone (described_device.hpp). Throws
/// DeviceError where it does not.
std::shared_ptr<ConvKernels> open_described_kernels(const std::string& device,
                                                    const std::filesystem::path& folder);

}  // namespace cytofleet::cuda
