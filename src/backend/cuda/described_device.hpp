// GPUs that need not be here: cuDNN plans for them from a description.
#pragma once

#include <string>
#include <vector>

namespace cytofleet::cuda {

/// "a100", "h100" and so on.
std::vector<std::string> described_devices();
/// cuDNN's JSON of a device by that name; empty where there is none.
std::string device_description(const std::string& name);
/// What of a device's JSON decides which kernels it runs and how they are chosen: "sm 900, 132
/// processors, 232448 bytes of shared memory". Clocks, memory and names differ between devices that
/// run the same kernels. Empty where the JSON lacks something.
std::string device_kind(const std::string& json);

}  // namespace cytofleet::cuda
