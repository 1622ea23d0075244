#include "models/cellpose/cellpose.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <utility>

#include "backend/cpu/cpu_ops.hpp"
#include "base/error.hpp"
#include "base/timer.hpp"
#include "kernels/support/devices.hpp"
#include "models/cellpose/call_memory.hpp"
#include "models/cellpose/cuda/device_segmenter.hpp"
#include "models/cellpose/cuda/gpu_memory.hpp"
#include "models/cellpose/cuda/network_kernels.hpp"
#include "models/cellpose/grey_plane.hpp"

namespace cytofleet {
namespace {

/// Throws cuda::DeviceError when the GPU does not do.
Operations make_operations(const Weights& weights, const CellposeSettings& settings,
                           std::vector<std::string>& notes) {
    if constexpr (with_cuda) {
        if (settings.gpu) {
            cuda::use_device(settings.gpu->device);
            return start_cuda(settings.gpu->precision,
                              cuda::ready_kernels(weights, *settings.gpu, notes));
        }
    }
    ensure(!settings.gpu, "a GPU is chosen only where the build has one");
    return {make_cpu_ops(settings.threads), nullptr};
}

std::int64_t batch_size_of(const CellposeSettings& settings, bool on_gpu) {
    if (settings.batch_size > 0) return settings.batch_size;
    return on_gpu ? 64 : 8;
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
      gpu_batch_(batch_size_of(settings, true)),
      diameters_(read_diameters(weights)),
      scale_(choose_scale(diameters_, built_in_mean, settings_.diameter)),
      operations_(make_operations(weights, settings_, notes_)),
      net_(operations_.ops, weights) {
    settings_.masks.niter =
        settings_.niter > 0 ? settings_.niter : scale_.default_steps(settings_.resample);
    settings_.batch_size = batch_size_of(settings_, settings_.gpu.has_value());
    if constexpr (with_cuda)
        if (settings_.gpu)
            on_gpu_ = cuda::make_device_segmenter(operations_.stream, net_, scale_, settings_);
}

std::int64_t Cellpose::pixels_per_call() const {
    return on_gpu_ ? on_gpu_->pixels_per_call() : Segmenter::pixels_per_call();
}

std::vector<std::string> Cellpose::notes() {
    std::vector<std::string> out = std::exchange(notes_, {});
    if (on_gpu_)
        for (std::string& note : on_gpu_->notes()) out.push_back(std::move(note));
    return out;
}

std::vector<SegmentResult> Cellpose::segment(std::span<const Image* const> planes) {
    if (on_gpu_) return on_gpu_->segment(planes);
    std::vector<SegmentResult> results(planes.size());
    segment_here(planes, {[](std::size_t) { return true; },
                          [&](std::size_t plane, SegmentResult result) {
                              results[plane] = std::move(result);
                          }});
    return results;
}

std::uint64_t Cellpose::bytes_of_call(std::int64_t height, std::int64_t width,
                                      std::int64_t frames) const {
    const Extent frame{height, width};
    return on_gpu_ ? on_gpu_->bytes_of_call(height, width, frames)
                   : cpu_bytes_of_call(frame, frames, net_.widths(), scale_, settings_);
}

std::uint64_t Cellpose::gpu_bytes_of_call(std::int64_t height, std::int64_t width,
                                          std::int64_t frames) const {
    if (on_gpu_) return on_gpu_->gpu_bytes_of_call(height, width, frames);
    if constexpr (with_cuda) {
        CellposeSettings settings = settings_;
        settings.batch_size = gpu_batch_;
        return cuda::bytes_of_gpu_call({height, width}, frames, net_.widths(), scale_, settings,
                                       Precision::fp32);
    }
    return 0;
}

double Cellpose::enlargement(std::int64_t height, std::int64_t width) const {
    const Extent small = scale_.identity() ? Extent{height, width} : scale_.apply({height, width});
    return static_cast<double>(small.height) * static_cast<double>(small.width) /
           (static_cast<double>(height) * static_cast<double>(width));
}

void Cellpose::segment_each(std::span<const Image* const> planes, const SegmentHooks& hooks) {
    if (on_gpu_)
        on_gpu_->segment_each(planes, hooks);
    else
        segment_here(planes, hooks);
}

/// Frames go in one after the other and share batches of tiles; each comes out when its last tile
/// is through.
void Cellpose::segment_here(std::span<const Image* const> planes, const SegmentHooks& hooks) {
    const Exec exec{settings_.threads};
    struct Begun {
        std::size_t plane;
        SegmentResult result;
        bool in_network = false;
    };
    std::deque<Begun> begun;
    FlowStream stream(exec, net_, settings_);
    const auto hand_over = [&] {
        while (!begun.empty()) {
            Begun& oldest = begun.front();
            if (oldest.in_network) {
                const auto field = stream.take();
                if (!field) return;
                make_masks(exec, *field, *planes[oldest.plane], oldest.result);
            }
            hooks.done(oldest.plane, std::move(oldest.result));
            begun.pop_front();
        }
    };
    for (std::size_t i = 0; i < planes.size(); ++i) {
        if (!hooks.begin(i)) continue;
        begun.push_back({i, {}});
        if (auto frame = prepare(exec, *planes[i], begun.back().result)) {
            begun.back().in_network = true;
            stream.add(std::move(*frame));
        }
        hand_over();
    }
    stream.flush();
    hand_over();
}

/// Nothing: what there is to say of the plane is in `result`.
std::optional<PreparedFrame> Cellpose::prepare(const Exec& exec, const Image& plane,
                                               SegmentResult& result) const {
    Timer preparing;
    std::vector<float> image = grey_input(plane, net_.channels_in());
    const std::span<const float> pixels =
        std::span(image).first(static_cast<std::size_t>(plane.height * plane.width));
    if (!take_check(check_plane(pixels), plane, result)) return std::nullopt;
    try {
        PreparedFrame out = prepare_frame(exec, std::move(image), net_.channels_in(),
                                          {plane.height, plane.width}, scale_, settings_);
        out.times.prepare = preparing.seconds();
        return out;
    } catch (const Error& error) {
        result.failure = error.what();
        return std::nullopt;
    }
}

void Cellpose::make_masks(const Exec& exec, const FlowField& field, const Image& plane,
                          SegmentResult& result) const {
    Timer masking;
    try {
        result.labels = compute_masks(exec, field.values, field.extent, {plane.height, plane.width},
                                      settings_.masks);
    } catch (const Error& error) {
        result.failure = error.what();
    }
    result.times = field.times;
    result.times.masks += masking.seconds();
}

}  // namespace cytofleet
