// How fast a GPU is at each part of the work, against its own peaks and the project's bars.
#include <cstdio>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "backend/cuda/kernel_files.hpp"
#include "base/error.hpp"
#include "base/timer.hpp"
#include "gpu/bench/convolutions_bench.hpp"
#include "gpu/bench/frames_bench.hpp"
#include "gpu/bench/masks_bench.hpp"
#include "gpu/bench/network_bench.hpp"
#include "gpu/bench/network_tiles.hpp"
#include "gpu/bench/options.hpp"
#include "gpu/bench/peaks.hpp"
#include "gpu/bench/report.hpp"
#include "kernels/support/devices.hpp"
#include "models/cellpose/cuda/network_kernels.hpp"
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

/// A part of the run, or of one of its precisions: where it fails, the next is tried.
void run_part(Report& report, const std::string& part, const std::function<void()>& work) {
    const Timer timer;
    try {
        work();
    } catch (const std::exception& error) {
        report.failed(part, error.what());
    }
    report.took(part, "all", timer.seconds());
}

/// Compiles what the network needs, or reads what was compiled before.
void ready(Report& report, const Gpu& gpu, const Weights& weights, const Scope& scope,
           Precision precision) {
    const auto [counts, seconds] =
        cuda::prepare_network(*gpu.kernels, weights, precision, {scope.tile, scope.tile});
    report.add("kernels", {{"precision", std::string(name_of(precision))},
                           {"compiled", static_cast<double>(counts.compiled)},
                           {"read", static_cast<double>(counts.read)},
                           {"s", seconds}});
    for (const std::string& note : gpu.kernels->notes())
        std::fprintf(stderr, "bench_gpu: %s\n", note.c_str());
}

int run(const Options& options) {
    const Timer starting;
    Report report(options.json);
    const Scope& scope = options.scope;
    const cuda::DeviceFacts device = choose_device(options.device);
    cuda::use_device(device.number);
    const auto model = options.model.empty() ? demo_model_file() : options.model;
    const Weights weights(std::make_shared<const Checkpoint>(Checkpoint::load(model)));
    report.add("device", {{"name", device.name},
                          {"compute capability", fmt::format("{}.{}", device.major, device.minor)},
                          {"memory GB", static_cast<double>(device.memory) / 1e9},
                          {"model", model.filename().string()}});
    report.took("start", "device and model", starting.seconds());
    Peaks peaks(report, scope);
    const auto wants = [&](const char* part) { return options.parts.contains(part); };
    const Gpu gpu{device.number, cuda::open_conv_kernels(device.number, cuda::kernel_folder())};
    if (wants("network") || wants("frames") || wants("convolutions") || wants("movie"))
        for (const Precision precision : scope.precisions)
            ready(report, gpu, weights, scope, precision);
    const auto each_precision = [&](const char* part, const auto& work) {
        if (!wants(part)) return;
        for (const Precision precision : scope.precisions)
            run_part(report, fmt::format("{}, {}", part, name_of(precision)),
                     [&] { work(precision); });
    };
    // The order is that of options.cpp: what takes least time for most comes first.
    if (wants("masks")) run_part(report, "masks", [&] { bench_masks(report, scope, peaks); });
    std::optional<NetworkTiles> tiles;
    each_precision("network", [&](Precision precision) {
        if (!tiles) tiles.emplace(weights, scope);
        bench_network(report, weights, *tiles, scope, peaks, gpu, precision);
    });
    if (wants("frames")) run_part(report, "transfers", [&] { peaks.report_transfers(); });
    each_precision("frames", [&](Precision precision) {
        bench_frames(report, weights, scope, gpu, precision);
    });
    each_precision("convolutions", [&](Precision precision) {
        bench_convolutions(report, weights, scope, peaks, gpu, precision);
    });
    each_precision(
        "movie", [&](Precision precision) { bench_movie(report, weights, scope, gpu, precision); });
    return report.finish() ? 0 : 1;
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
