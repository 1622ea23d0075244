#include "base/version.hpp"

#include <fmt/format.h>
#include <hwy/targets.h>
#include <tiffio.h>
#include <zlib.h>

#include "app/commands.hpp"
#include "backend/cpu/cpu_ops.hpp"
#include "comm/mpi.hpp"

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

}  // namespace

std::string version_text() {
    return fmt::format(
        "{}\n"
        "  network   {}\n"
        "  kernels   Highway, here: {}\n"
        "  TIFF      {}, zlib {}\n"
        "  MPI       {}\n"
        "  GPU       not built in\n",
        build_text(), make_cpu_ops(1)->description(), vector_targets(),
        first_line(TIFFGetVersion()), zlibVersion(), mpi_library());
}

}  // namespace cytofleet
