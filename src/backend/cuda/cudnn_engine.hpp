// cuDNN's engines: what its heuristics propose, and an engine with its knobs ready to be planned.
#pragma once

#include <cudnn.h>
#include <optional>
#include <vector>

#include "backend/cuda/conv_shape.hpp"
#include "backend/cuda/cudnn_descriptor.hpp"
#include "backend/cuda/kernel_files.hpp"

namespace cytofleet::cuda {

/// What cuDNN proposes, and what it says of that.
struct Proposal {
    EngineChoice choice;
    EngineNotes notes;
};

/// What plans are made for: the device of a handle, or, without one, what a descriptor says.
struct Target {
    cudnnHandle_t cudnn = nullptr;
    const CudnnDescriptor* properties = nullptr;
};

/// The best first; none where cuDNN has none.
std::vector<Proposal> proposals(const Target& target, const CudnnDescriptor& graph,
                                cudnnBackendHeurMode_t mode);

/// An engine with its knobs, ready to be planned.
struct Engine {
    CudnnDescriptor engine;
    std::vector<CudnnDescriptor> knobs;
    CudnnDescriptor config;
};

/// None where cuDNN cannot do it so. Compiles nothing.
std::optional<Engine> engine_of(const Target& target, const CudnnDescriptor& graph,
                                const EngineChoice& choice);

}  // namespace cytofleet::cuda
