#include "models/gpu.hpp"

#include "kernels/support/exec.hpp"

namespace cytofleet {

bool built_for_gpu() {
    return with_cuda;
}

cuda::DeviceSurvey survey_gpus() {
    if constexpr (with_cuda) return cuda::survey_devices();
    return {{}, "this build has no GPU support; build with -DCYTOFLEET_CUDA=ON"};
}

}  // namespace cytofleet
