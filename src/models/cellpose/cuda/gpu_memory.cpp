#include "models/cellpose/cuda/gpu_memory.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "kernels/nn/device_maps.hpp"
#include "kernels/normalize/percentile_cuda.hpp"
#include "models/cellpose/cuda/mask_stage.hpp"
#include "models/cellpose/cuda/tile_batch.hpp"
#include "models/cellpose/flow_field.hpp"

namespace cytofleet::cuda {
namespace {

constexpr std::int64_t number = 4;  // bytes of a float32 or a label

/// Frames under way: as many as fill a batch, one that comes up, one that goes down.
std::int64_t flights(std::int64_t frames, std::int64_t tiles, std::int64_t batch) {
    return std::min(std::max<std::int64_t>(1, frames), batch / tiles + 2);
}

std::int64_t weights_bytes(std::span<const std::int64_t> widths, std::int64_t element) {
    std::int64_t numbers = 0;
    const auto width = [&](std::size_t n) {
        return padded_channels(widths[std::min(n, widths.size() - 1)]);
    };
    for (std::size_t n = 0; n + 1 < widths.size(); ++n) {
        const std::int64_t out = width(n + 1);
        numbers += (9 + 1) * width(n) * out + 27 * out * out;                // down
        numbers += (9 + 1) * width(n + 2) * out + 27 * out * out;            // up
        numbers += 3 * width(widths.size() - 1) * out * (number / element);  // style, in float32
    }
    return numbers * element;
}

/// Of all tiles of a batch: as network_bytes() of the CPU, with a copy of each stage's result for
/// the next activation, and the workspace.
std::int64_t maps_bytes(std::span<const std::int64_t> widths, Extent tile, std::int64_t element) {
    std::int64_t maps = 0;
    std::int64_t pixels = tile.pixels();
    for (std::size_t n = 1; n < widths.size(); ++n) {
        maps += 4 * padded_channels(widths[n]) * pixels;
        if (n > 1) maps += 2 * padded_channels(widths[n - 1]) * pixels;
        if (n + 1 < widths.size()) maps += padded_channels(widths[n]) * pixels / 4;
        pixels /= 4;
    }
    const std::int64_t planes = widths.front() + network_outputs;
    return maps * element + planes * number * tile.pixels();
}

}  // namespace

std::uint64_t bytes_of_gpu_call(Extent frame, std::int64_t frames,
                                std::span<const std::int64_t> widths, const Scale& scale,
                                const CellposeSettings& settings, Precision precision) {
    TileGrid grid;
    const std::int64_t element = precision == Precision::fp16 ? 2 : number;
    try {
        grid = tile_grid_of(frame, scale, settings);
    } catch (const Error&) {
        return 0;  // such a frame fails
    }
    const std::int64_t batch = std::max<std::int64_t>(1, settings.batch_size);
    const std::int64_t tile = grid.tile.pixels();
    const Extent dynamics = settings.resample ? frame : grid.frame;
    const std::int64_t tiles = (widths.front() + network_outputs) * number * batch * tile;
    // Numbers of tiles that are not half of the whole batch have maps of their own beside its.
    const std::int64_t all = std::max<std::int64_t>(1, frames) * grid.count();
    const std::int64_t rest = all > batch ? padded_batch(all % batch, batch) : 0;
    const std::int64_t together =
        padded_batch(std::min(batch, all), batch) + (all > batch && 2 * rest < batch ? rest : 0);
    const std::int64_t network = together * maps_bytes(widths, grid.tile, element);
    const std::int64_t flying = flights(frames, grid.count(), batch);
    const std::int64_t frame_bytes = widths.front() * number * frame.pixels() +
                                     number * frame.pixels() +
                                     network_outputs * number * grid.count() * tile +
                                     static_cast<std::int64_t>(frame_scale_scratch_bytes());
    const std::int64_t flows =
        network_outputs * number *
        (grid.frame.pixels() + (dynamics == grid.frame ? 0 : dynamics.pixels()));
    return static_cast<std::uint64_t>(weights_bytes(widths, element) + tiles + network +
                                      flying * frame_bytes + flows) +
           MaskStage::bytes(dynamics, frame);
}

std::uint64_t bytes_beside_gpu_call(Extent frame, std::int64_t frames, std::int64_t channels,
                                    const Scale& scale, const CellposeSettings& settings) {
    std::int64_t tiles = 1;
    try {
        tiles = tile_grid_of(frame, scale, settings).count();
    } catch (const Error&) {
        // Such a frame fails.
    }
    const std::int64_t batch = std::max<std::int64_t>(1, settings.batch_size);
    const std::int64_t staged = (channels * number + number) * frame.pixels();  // up and down
    return static_cast<std::uint64_t>(flights(frames, tiles, batch) * staged +
                                      frames * number * frame.pixels());
}

}  // namespace cytofleet::cuda
