// What a user may set of Cellpose 3, with Cellpose's defaults.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "backend/cuda/precision.hpp"
#include "kernels/normalize/normalize.hpp"
#include "models/cellpose/masks.hpp"

namespace cytofleet {

/// Where a model runs when not on the CPU.
struct GpuSettings {
    int device = 0;  ///< among those visible to the process
    Precision precision = Precision::fp32;
    /// Where compiled kernels are kept, empty: nowhere; none: where cuda::kernel_folder() says.
    std::optional<std::filesystem::path> kernels;
};

struct CellposeSettings {
    double diameter = 0;  ///< pixels; 0: the model's own
    NormalizeOptions normalize;
    bool augment = false;
    double tile_overlap = 0.1;  ///< 0.05 to 0.5
    bool resample = true;
    std::int64_t niter = 0;       ///< steps of flow following; 0: from the diameter
    MaskOptions masks;            ///< its niter is ignored
    std::int64_t batch_size = 0;  ///< tiles; 0: 8 on a CPU, 64 on a GPU
    int threads = 1;
    std::optional<GpuSettings> gpu;  ///< only in builds with CUDA
};

}  // namespace cytofleet
