#include "models/cellpose/cuda/network_kernels.hpp"

#include <algorithm>
#include <thread>

#include <fmt/format.h>

#include "backend/cuda/conv_survey.hpp"
#include "backend/cuda/kernel_files.hpp"
#include "base/text.hpp"
#include "base/timer.hpp"
#include "kernels/tiles/tiles.hpp"
#include "models/cellpose/network.hpp"

namespace cytofleet::cuda {

std::vector<WantedConvolution> survey_network(const Weights& weights, Precision precision,
                                              Extent tile) {
    const auto survey = std::make_shared<ConvSurvey>(precision);
    const CpNet net(survey, weights);
    survey->for_pieces(reference_batch, [&](Workspace& work, std::int64_t, std::int64_t n) {
        const FeaturesPtr in = work.make_planar(n, net.channels_in(), tile.height, tile.width);
        const FeaturesPtr out = work.make_planar(n, network_outputs, tile.height, tile.width);
        net.forward(work, *in, *out);
    });
    return survey->wanted();
}

Preparation prepare_network(ConvKernels& kernels, const Weights& weights, Precision precision,
                            Extent tile) {
    const Timer timer;
    const KernelCounts before = kernels.counts();
    kernels.prepare(survey_network(weights, precision, tile),
                    static_cast<int>(std::max(1U, std::thread::hardware_concurrency())));
    const KernelCounts now = kernels.counts();
    return {{now.compiled - before.compiled, now.read - before.read, now.kept - before.kept},
            timer.seconds()};
}

std::shared_ptr<ConvKernels> ready_kernels(const Weights& weights, const GpuSettings& gpu,
                                           std::vector<std::string>& notes) {
    const std::filesystem::path folder = gpu.kernels.value_or(kernel_folder());
    auto out = open_conv_kernels(gpu.device, folder);
    const auto [counts, seconds] =
        prepare_network(*out, weights, gpu.precision, {full_tile, full_tile});
    notes = out->notes();
    if (counts.compiled > 0)
        notes.push_back(fmt::format(
            "compiled {} kernels for this GPU in {:.0f} s{}", counts.compiled, seconds,
            counts.kept > 0 ? fmt::format("; later runs find them in {}", show(folder)) : ""));
    return out;
}

}  // namespace cytofleet::cuda
