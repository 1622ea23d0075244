#include "backend/cuda/no_driver.hpp"

#include <dlfcn.h>

#include <fmt/format.h>

#include "base/text.hpp"
#include "kernels/support/device_memory.hpp"

namespace cytofleet::cuda {

namespace fs = std::filesystem;

fs::path no_driver_library() {
    std::error_code failed;
    const fs::path program = fs::read_symlink("/proc/self/exe", failed);
    return program.parent_path().parent_path() / "lib/cytofleet/no-driver/libcuda.so.1";
}

void stand_in_for_driver(const fs::path& library) {
    // Whoever asks for libcuda.so.1 later gets what has that name already.
    if (::dlopen(library.c_str(), RTLD_NOW | RTLD_GLOBAL) == nullptr)
        throw DeviceError(
            fmt::format("{} cannot be loaded; install the program again", show(library)));
}

}  // namespace cytofleet::cuda
