// cuDNN without the NVIDIA driver's library: on a machine without a GPU it can still compile.
#pragma once

#include <filesystem>

namespace cytofleet::cuda {

/// The library that stands in (no_driver/no_driver.c), beside the program: ../lib/cytofleet.
std::filesystem::path no_driver_library();

/// From now on this process has no GPU, whatever the machine has. Before any other call of CUDA or
/// cuDNN. Throws DeviceError.
void stand_in_for_driver(const std::filesystem::path& library);

}  // namespace cytofleet::cuda
