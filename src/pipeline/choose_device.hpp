// All ranks agree whether they run on GPUs, and on which.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "comm/communicator.hpp"
#include "models/cellpose/settings.hpp"
#include "models/gpu.hpp"
#include "pipeline/run_options.hpp"

namespace cytofleet {

struct ChosenDevice {
    std::optional<GpuSettings> gpu;  ///< this rank's; none: the CPU
    std::uint64_t gpu_memory = 0;    ///< on rank 0: bytes that each rank has at least
    /// For the log, on rank 0: the map, or why there is no GPU.
    std::vector<std::string> lines;
    std::vector<std::string> warnings;
};

/// How GPUs are asked for; other than this in tests.
struct DeviceQuestion {
    std::function<GpuSurvey()> ask;  ///< none: survey_gpus()
    double patience =
        driver_patience + 30;  ///< seconds in which every rank has to say what it found
};

/// Collective, before any other message. With DeviceChoice::gpu every rank must have one: otherwise
/// Error{environment} on all ranks, saying which lacks what. Throws RanksAreSilent on rank 0.
ChosenDevice choose_device(Communicator& comm, const RunOptions& options,
                           const DeviceQuestion& question = {});

}  // namespace cytofleet
