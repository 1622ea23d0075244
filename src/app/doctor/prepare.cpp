#include "app/doctor/prepare.hpp"

#include <memory>

#include <fmt/format.h>

#include "backend/cuda/conv_kernels.hpp"
#include "backend/cuda/described_device.hpp"
#include "backend/cuda/kernel_files.hpp"
#include "backend/cuda/no_driver.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "kernels/support/device_memory.hpp"
#include "kernels/support/exec.hpp"
#include "kernels/tiles/tiles.hpp"
#include "models/cellpose/cuda/network_kernels.hpp"
#include "models/registry.hpp"
#include "weights/weights.hpp"

namespace cytofleet {
namespace {

constexpr const char* name = "kernels";

/// fp32 proper has nothing that is compiled.
std::vector<Precision> precisions_of(const std::string& asked) {
    if (asked.empty()) return {Precision::tf32, Precision::fp16};
    for (const Precision precision : {Precision::tf32, Precision::fp16})
        if (asked == name_of(precision)) return {precision};
    throw Error(ErrorKind::usage,
                fmt::format("--precision {}: kernels are compiled for tf32 and fp16 (all others "
                            "come with cuDNN)",
                            printable(asked)));
}

Finding judge(const std::string& what, const cuda::KernelCounts& counts,
              const std::vector<std::string>& notes, double seconds,
              const std::filesystem::path& folder) {
    const std::string done = fmt::format("{}: {} compiled in {:.0f} s, {} were there; in {}", what,
                                         counts.kept, seconds, counts.read, show(folder));
    if (counts.compiled + counts.read == 0)
        return {Health::fail, name, what + ": cuDNN compiled nothing",
                "this cuDNN may not know the device; runs compile for themselves"};
    if (counts.kept < counts.compiled)
        return {
            Health::fail, name, done,
            notes.empty() ? "they could not be kept" : notes.front() + "; see $CYTOFLEET_CACHE"};
    return {Health::ok, name, done, {}};
}

/// Only builds with CUDA come here.
[[maybe_unused]] std::vector<Finding> compile(const PrepareArguments& arguments) {
    const std::string description = cuda::device_description(arguments.device);
    if (description.empty())
        throw Error(ErrorKind::usage,
                    fmt::format("--prepare {}: there are {}", printable(arguments.device),
                                fmt::join(cuda::described_devices(), ", ")));
    const auto precisions = precisions_of(arguments.precision);
    const ModelSpec spec = find_model(arguments.model, arguments.model_dir);
    const Weights weights(std::make_shared<const Checkpoint>(Checkpoint::load(spec.file)));
    const std::filesystem::path folder = cuda::kernel_folder();
    std::vector<Finding> out;
    try {
        cuda::stand_in_for_driver(cuda::no_driver_library());
        const auto kernels = cuda::open_described_kernels(description, folder);
        for (const Precision precision : precisions) {
            const auto [counts, seconds] =
                cuda::prepare_network(*kernels, weights, precision, {full_tile, full_tile});
            out.push_back(judge(fmt::format("{}, {}", arguments.device, name_of(precision)), counts,
                                kernels->notes(), seconds, folder));
        }
    } catch (const cuda::DeviceError& error) {
        throw Error(ErrorKind::environment, fmt::format("--prepare: {}", error.what()));
    }
    return out;
}

}  // namespace

PrepareArguments take_prepare_arguments(std::vector<std::string>& arguments) {
    PrepareArguments out;
    std::vector<std::string> others;
    bool more = false;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string& option = arguments[i];
        std::string* const target = option == "--prepare"     ? &out.device
                                    : option == "--model"     ? &out.model
                                    : option == "--model-dir" ? &out.model_dir
                                    : option == "--precision" ? &out.precision
                                                              : nullptr;
        if (target == nullptr) {
            others.push_back(option);
            continue;
        }
        if (++i == arguments.size() || arguments[i].empty())
            throw Error(ErrorKind::usage, option + " needs a value; see cytofleet doctor --help");
        *target = arguments[i];
        more = more || target != &out.device;
    }
    if (more && out.device.empty())
        throw Error(
            ErrorKind::usage,
            "--model, --model-dir and --precision belong to --prepare DEVICE; see cytofleet "
            "doctor --help");
    arguments = std::move(others);
    return out;
}

std::vector<Finding> prepare_kernels(const PrepareArguments& arguments) {
    if constexpr (with_cuda) return compile(arguments);
    throw Error(ErrorKind::environment,
                "--prepare: this build has no GPU support; build with -DCYTOFLEET_CUDA=ON");
}

}  // namespace cytofleet
