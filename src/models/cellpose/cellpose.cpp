#include "models/cellpose/cellpose.hpp"

#include <algorithm>
#include <cmath>

#include "backend/cpu/cpu_ops.hpp"
#include "base/error.hpp"
#include "base/timer.hpp"

namespace cytofleet {
namespace {

/// The network input of a grey plane: (channels, H, W), the plane first, then what normalising
/// makes of channels of zeros.
std::vector<float> grey_input(const Image& plane, std::int64_t channels) {
    const auto pixels = static_cast<std::size_t>(plane.height * plane.width);
    std::vector<float> out(pixels * static_cast<std::size_t>(channels));
    to_float(plane, std::span(out).first(pixels));
    return out;
}

bool all_finite(std::span<const float> values) {
    return std::ranges::all_of(values, [](float value) { return std::isfinite(value); });
}

LabelImage empty_labels(const Image& plane) {
    return {plane.height, plane.width,
            std::vector<std::uint32_t>(static_cast<std::size_t>(plane.height * plane.width)), 0, 0};
}

}  // namespace

ModelDiameters read_diameters(const Weights& weights) {
    ModelDiameters out;
    const auto mean = weights.scalar("diam_mean");
    const auto labels = weights.scalar("diam_labels");
    out.stored = mean.has_value() || labels.has_value();
    out.mean = mean.value_or(out.mean);
    out.labels = labels.value_or(out.labels);
    for (const float diameter : {out.mean, out.labels})
        if (!(diameter > 0) || !std::isfinite(diameter))
            throw Error(ErrorKind::model,
                        "diam_mean or diam_labels is not a positive number; the "
                        "checkpoint is damaged, export it again");
    return out;
}

Scale choose_scale(const ModelDiameters& diameters, std::optional<double> built_in_mean,
                   double diameter) {
    if (built_in_mean && diameter > 0) return Scale::wide(*built_in_mean, diameter);
    const float mean = built_in_mean ? static_cast<float>(*built_in_mean) : diameters.mean;
    return Scale::single(mean, diameter > 0 ? static_cast<float>(diameter) : diameters.labels);
}

Cellpose::Cellpose(const Weights& weights, std::optional<double> built_in_mean,
                   const CellposeSettings& settings)
    : settings_(settings),
      diameters_(read_diameters(weights)),
      scale_(choose_scale(diameters_, built_in_mean, settings_.diameter)),
      ops_(make_cpu_ops(settings_.threads)),
      net_(ops_, weights) {
    settings_.masks.niter =
        settings_.niter > 0 ? settings_.niter : scale_.default_steps(settings_.resample);
}

std::vector<SegmentResult> Cellpose::segment(std::span<const Image* const> planes) {
    const Exec exec{settings_.threads};
    std::vector<SegmentResult> results(planes.size());
    std::vector<std::size_t> good;
    std::vector<PreparedFrame> frames;
    FrameTimes times;
    for (std::size_t i = 0; i < planes.size(); ++i) {
        const Image& plane = *planes[i];
        Timer preparing;
        std::vector<float> image = grey_input(plane, net_.channels_in());
        const auto pixels =
            std::span(image).first(static_cast<std::size_t>(plane.height * plane.width));
        if (!all_finite(pixels)) {
            // Python would feed the network raw intensities and find nothing (cellpose3.md 2.2).
            results[i].labels = empty_labels(plane);
            results[i].warnings.emplace_back("holds NaN or infinite pixels: left empty");
            continue;
        }
        const auto [low, high] = std::ranges::minmax(pixels);
        if (low == high) results[i].warnings.emplace_back("is constant: every pixel is the same");
        frames.push_back(prepare_frame(exec, std::move(image), net_.channels_in(),
                                       {plane.height, plane.width}, scale_, settings_));
        good.push_back(i);
        times.prepare += preparing.seconds();
    }
    const auto flows = compute_flows(exec, net_, std::move(frames), settings_, times);
    const auto share = static_cast<double>(std::max<std::size_t>(1, good.size()));
    for (std::size_t k = 0; k < good.size(); ++k) {
        Timer masking;
        const Image& plane = *planes[good[k]];
        SegmentResult& result = results[good[k]];
        try {
            result.labels = compute_masks(exec, flows[k].values, flows[k].extent,
                                          {plane.height, plane.width}, settings_.masks);
        } catch (const Error& error) {
            result.failure = error.what();
        }
        result.times = {0, times.prepare / share, times.network / share,
                        times.masks / share + masking.seconds()};
    }
    return results;
}

}  // namespace cytofleet
