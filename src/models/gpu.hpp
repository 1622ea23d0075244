// The GPUs a model can run on here, for those who spread ranks over them.
#pragma once

#include "kernels/support/devices.hpp"

namespace cytofleet {

/// Whether this build can use a GPU at all.
bool built_for_gpu();

/// Without devices and with a problem where the build has no GPU support.
cuda::DeviceSurvey survey_gpus();

}  // namespace cytofleet
