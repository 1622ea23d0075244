// How fast a GPU is at each part of the work, against its own peaks and the project's bars.
#include <cstdio>
#include <exception>
#include <memory>

#include <fmt/format.h>

#include "base/error.hpp"
#include "gpu/bench/convolutions_bench.hpp"
#include "gpu/bench/frames_bench.hpp"
#include "gpu/bench/masks_bench.hpp"
#include "gpu/bench/network_bench.hpp"
#include "gpu/bench/options.hpp"
#include "gpu/bench/peaks.hpp"
#include "gpu/bench/report.hpp"
#include "kernels/support/devices.hpp"
#include "models/demo_model.hpp"
#include "weights/weights.hpp"

namespace cytofleet::bench {
namespace {

cuda::DeviceFacts choose_device(int number) {
    const cuda::DeviceSurvey survey = cuda::survey_devices();
    if (!survey.problem.empty()) throw Error(ErrorKind::environment, survey.problem);
    for (const cuda::DeviceFacts& device : survey.devices)
        if (device.number == number) return device;
    throw Error(ErrorKind::usage,
                fmt::format("--device {}: only {} GPUs are visible, counted from 0", number,
                            survey.devices.size()));
}

int run(const Options& options) {
    const cuda::DeviceFacts device = choose_device(options.device);
    cuda::use_device(device.number);
    const auto model = options.model.empty() ? demo_model_file() : options.model;
    const Weights weights(std::make_shared<const Checkpoint>(Checkpoint::load(model)));
    Report report;
    report.add("device", {{"name", device.name},
                          {"compute capability", fmt::format("{}.{}", device.major, device.minor)},
                          {"memory GB", static_cast<double>(device.memory) / 1e9},
                          {"model", model.filename().string()}});
    const Peaks peaks = measure_peaks(report, options.scope);
    const auto wants = [&](const char* part) { return options.parts.contains(part); };
    if (wants("network")) bench_network(report, weights, options.scope, peaks);
    if (wants("convolutions")) bench_convolutions(report, weights, options.scope, peaks);
    if (wants("masks")) bench_masks(report, options.scope, peaks);
    if (wants("frames")) bench_frames(report, weights, options.scope, device.number);
    std::fputs(report.table().c_str(), stdout);
    if (!options.json.empty()) report.write_json(options.json);
    return report.all_right() ? 0 : 1;
}

}  // namespace
}  // namespace cytofleet::bench

int main(int argc, char** argv) {
    using namespace cytofleet;
    try {
        const bench::Options options =
            bench::read_options({argv + 1, static_cast<std::size_t>(argc - 1)});
        if (!options.help) return bench::run(options);
        std::fputs(bench::usage().c_str(), stdout);
        return 0;
    } catch (const Error& error) {
        std::fprintf(stderr, "bench_gpu: %s\n", error.what());
        return error.kind() == ErrorKind::usage ? 2 : 1;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench_gpu: %s\n", error.what());
        return 1;
    }
}
