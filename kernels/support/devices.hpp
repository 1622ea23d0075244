// Which GPUs this process may use, and what is missing where it may use none. No CUDA header is
// needed here; devices.cu asks the driver, the tests' emulation has a device of its own.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace cytofleet::cuda {

struct DeviceFacts {
    int number = 0;    ///< among those visible to this process
    std::string name;  ///< "NVIDIA H100 80GB HBM3"
    std::string bus;   ///< PCI address: the same GPU has the same one in every process of a host
    int major = 0;     ///< compute capability
    int minor = 0;
    std::size_t memory = 0;  ///< bytes
    bool has_code = false;   ///< the build's kernels run on it
};

struct DeviceSurvey {
    std::vector<DeviceFacts> devices;
    /// Why there is none that can be used, with what to do; empty when there is one.
    std::string problem;
    /// The process is the child of one that uses the driver already: it has to ask itself.
    bool forked = false;
};

/// Throws nothing: what goes wrong is the problem.
DeviceSurvey survey_devices();

/// For this thread's calls from now on. Throws DeviceError.
void use_device(int number);

}  // namespace cytofleet::cuda
