#include <cstdlib>

#include "kernels/support/device.cuh"
#include "kernels/support/devices.hpp"

namespace cytofleet::cuda {
namespace {

/// Whether kernels compiled for this build's architectures run there: a newer GPU compiles their
/// PTX itself. The GPU is not touched, where a context would cost each rank memory on all of them.
bool runs_on(int major, int minor) {
    constexpr int architectures[] = {__CUDA_ARCH_LIST__};  // 800, 900; the smallest first
    return major * 100 + minor * 10 >= architectures[0];
}

std::string why_none(cudaError_t result) {
    const char* const visible = std::getenv("CUDA_VISIBLE_DEVICES");
    if (result == cudaErrorInsufficientDriver) {
        int driver = 0;
        int runtime = 0;
        cudaDriverGetVersion(&driver);
        cudaRuntimeGetVersion(&runtime);
        const auto text = [](int version) {
            return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
        };
        if (driver == 0)
            return "no NVIDIA driver was found (libcuda.so.1); load it, or in a container pass it "
                   "in (apptainer --nv)";
        return "the NVIDIA driver is for CUDA " + text(driver) + ", this build needs " +
               text(runtime) + "; update the driver or build with an older CUDA toolkit";
    }
    if (result == cudaErrorNoDevice || result == cudaSuccess) {
        if (visible != nullptr)
            return "no GPU is visible (CUDA_VISIBLE_DEVICES is \"" + std::string(visible) +
                   "\"); ask the scheduler for one (--gpus) or set the variable";
        return "this machine has no NVIDIA GPU, or the job was given none";
    }
    return std::string("the driver does not answer (") + cudaGetErrorString(result) +
           "); see nvidia-smi";
}

DeviceFacts facts_of(int number) {
    DeviceFacts out;
    cudaDeviceProp properties{};
    check(cudaGetDeviceProperties(&properties, number), "cudaGetDeviceProperties");
    char bus[32] = {};
    check(cudaDeviceGetPCIBusId(bus, sizeof(bus), number), "cudaDeviceGetPCIBusId");
    out.number = number;
    out.name = properties.name;
    out.bus = bus;
    out.major = properties.major;
    out.minor = properties.minor;
    out.memory = properties.totalGlobalMem;
    out.has_code = runs_on(out.major, out.minor);
    return out;
}

}  // namespace

DeviceSurvey survey_devices() {
    DeviceSurvey out;
    int count = 0;
    const cudaError_t result = cudaGetDeviceCount(&count);
    cudaGetLastError();
    if (result != cudaSuccess || count == 0) {
        out.problem = why_none(result);
        out.forked = result == cudaErrorInitializationError;
        return out;
    }
    try {
        for (int number = 0; number < count; ++number) out.devices.push_back(facts_of(number));
    } catch (const DeviceError& error) {
        out.problem = std::string(error.what()) + "; see nvidia-smi";
        return out;
    }
    for (const DeviceFacts& device : out.devices)
        if (device.has_code) return out;
    const DeviceFacts& device = out.devices.front();
    const std::string capability = std::to_string(device.major) + std::to_string(device.minor);
    out.problem = device.name + " has compute capability " + std::to_string(device.major) + "." +
                  std::to_string(device.minor) +
                  ", for which this build has no code; build with "
                  "-DCYTOFLEET_CUDA_ARCHITECTURES=" +
                  capability;
    return out;
}

void use_device(int number) {
    check(cudaSetDevice(number), "cudaSetDevice");
}

}  // namespace cytofleet::cuda
