// All ranks agree whether they run on GPUs, and on which.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "comm/communicator.hpp"
#include "models/cellpose/settings.hpp"
#include "pipeline/run_options.hpp"

namespace cytofleet {

struct ChosenDevice {
    std::optional<GpuSettings> gpu;  ///< this rank's; none: the CPU
    /// For the log, on rank 0: the map, or why there is no GPU.
    std::vector<std::string> lines;
    std::vector<std::string> warnings;
};

/// Collective, before any other message. With DeviceChoice::gpu every rank must have one: otherwise
/// Error{environment} on all ranks, saying which lacks what.
ChosenDevice choose_device(Communicator& comm, const RunOptions& options);

}  // namespace cytofleet
