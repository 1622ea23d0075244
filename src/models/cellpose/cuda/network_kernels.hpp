// Which convolutions Cellpose's network asks a GPU for, and their kernels.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "backend/cuda/conv_kernels.hpp"
#include "backend/cuda/wanted_convolution.hpp"
#include "kernels/resize/resize.hpp"
#include "models/cellpose/settings.hpp"
#include "weights/weights.hpp"

namespace cytofleet::cuda {

/// For tiles of that size, in any batch. Throws Error{model} as CpNet does.
std::vector<WantedConvolution> survey_network(const Weights& weights, Precision precision,
                                              Extent tile);

/// What prepare_network() did, and in which time.
struct Preparation {
    KernelCounts counts;
    double seconds = 0;
};

/// Makes ready what the network asks of `kernels`, on all cores: whoever comes first does it for
/// all processes, and others wait for it.
Preparation prepare_network(ConvKernels& kernels, const Weights& weights, Precision precision,
                            Extent tile);

/// The kernels of a GPU, ready for tiles of full size. `notes` gets what people should know.
std::shared_ptr<ConvKernels> ready_kernels(const Weights& weights, const GpuSettings& gpu,
                                           std::vector<std::string>& notes);

}  // namespace cytofleet::cuda
