// Kernels for GPUs that are elsewhere, compiled beforehand: on a login node, say.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/doctor/finding.hpp"

namespace cytofleet {

struct PrepareArguments {
    std::string device;  ///< "h100"; empty: the doctor is asked for something else
    std::string model = "cyto3";
    std::string model_dir;
    std::string precision;  ///< empty: all that are compiled for
};

/// Takes what is about --prepare out of `arguments`. Throws Error{usage}.
PrepareArguments take_prepare_arguments(std::vector<std::string>& arguments);

/// Compiles what the model needs on that device and keeps it where runs look. This process has no
/// GPU afterwards. Throws Error.
std::vector<Finding> prepare_kernels(const PrepareArguments& arguments);

}  // namespace cytofleet
