#include "base/version.hpp"

#include <fmt/format.h>
#include <hwy/targets.h>
#include <tiffio.h>
#include <zlib.h>

#include "app/commands.hpp"
#include "backend/cpu/cpu_ops.hpp"
#include "base/text.hpp"
#include "comm/mpi.hpp"
#include "io/hdf5/hdf5_labels.hpp"
#include "models/gpu.hpp"

namespace cytofleet {
namespace {

std::string first_line(const std::string& text) {
    return text.substr(0, text.find('\n'));
}

/// Highway's targets that this machine can run, best first.
std::string vector_targets() {
    std::string out;
    const auto supported = hwy::SupportedTargets();
    for (const auto& [bit, name] :
         {std::pair{HWY_AVX3_DL, "AVX3_DL"}, std::pair{HWY_AVX3, "AVX-512"},
          std::pair{HWY_AVX2, "AVX2"}, std::pair{HWY_SSE4, "SSE4"}})
        if ((supported & bit) != 0) out += (out.empty() ? "" : " ") + std::string(name);
    return out;
}

std::string gpu_text() {
    if (!built_for_gpu()) return "not built in";
    const cuda::DeviceSurvey survey = survey_gpus().found;
    std::string out;
    for (const cuda::DeviceFacts& device : survey.devices)
        out += fmt::format("{}{} ({}.{}, {})", out.empty() ? "" : ", ", device.name, device.major,
                           device.minor, human_bytes(device.memory));
    return out.empty() ? survey.problem : out;
}

}  // namespace

std::string version_text() {
    return fmt::format(
        "{}\n"
        "  network   {}\n"
        "  kernels   Highway, here: {}\n"
        "  TIFF      {}, zlib {}\n"
        "  HDF5      {}\n"
        "  MPI       {}\n"
        "  GPU       {}\n",
        build_text(), make_cpu_ops(1)->description(), vector_targets(),
        first_line(TIFFGetVersion()), zlibVersion(), hdf5_library(), mpi_library(), gpu_text());
}

}  // namespace cytofleet
