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

std::shared_ptr<ConvKernels> ready_kernels(const Weights& weights, const GpuSettings& gpu,
                                           std::vector<std::string>& notes) {
    const Timer timer;
    const std::filesystem::path folder = gpu.kernels.value_or(kernel_folder());
    auto out = open_conv_kernels(gpu.device, folder);
    out->prepare(survey_network(weights, gpu.precision, {full_tile, full_tile}),
                 static_cast<int>(std::max(1U, std::thread::hardware_concurrency())));
    notes = out->notes();
    if (const KernelCounts counts = out->counts(); counts.compiled > 0)
        notes.push_back(fmt::format(
            "compiled {} kernels for this GPU in {:.0f} s{}", counts.compiled, timer.seconds(),
            counts.kept > 0 ? fmt::format("; later runs find them in {}", show(folder)) : ""));
    return out;
}

}  // namespace cytofleet::cuda
