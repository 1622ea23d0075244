#include "models/cellpose/call_memory.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "models/cellpose/flow_field.hpp"

namespace cytofleet {
namespace {

constexpr std::int64_t number = 4;         // bytes of a float32 or a label
constexpr std::int64_t wide = 8;           // of a float64 or a point
constexpr std::int64_t block = 16;         // channels that maps are padded to
constexpr std::int64_t histogram = 65536;  // of percentiles, for each half of a float

struct Planes {
    Extent frame;
    Extent small;   ///< resized
    Extent padded;  ///< and padded
    Extent flows;   ///< where points follow them
    Extent tile;
    std::int64_t tiles = 1;
    std::int64_t channels = 1;
};

std::int64_t in_blocks(std::int64_t channels) {
    return (channels + block - 1) / block * block;
}

/// Beside the frame, while it is normalised.
std::int64_t normalize_bytes(const Planes& p, const NormalizeOptions& options,
                             std::int64_t threads) {
    std::int64_t out = 6 * histogram * number * threads;  // two upper halves and four lower ones
    if (options.sharpen_radius > 0 || options.smooth_radius > 0)
        out = std::max(out, 2 * wide * p.frame.pixels());
    if (options.tile_norm_blocksize > 0)
        out = std::max(out, 2 * number * p.frame.pixels() +
                                threads * number *
                                    std::min(options.tile_norm_blocksize, p.frame.height) *
                                    std::min(options.tile_norm_blocksize, p.frame.width));
    return out;
}

/// From flows to labels, beside the flows: 5.1 to 5.5 of cellpose3.md when all is foreground.
std::int64_t mask_bytes(const Planes& p) {
    const std::int64_t pixels = p.flows.pixels();
    const std::int64_t bins = (p.flows.height + 40) * (p.flows.width + 40);
    const std::int64_t labels = number * pixels;
    const std::int64_t inside = (number + wide) * pixels;  // pixels and their ends
    const std::int64_t steps = 2 * number * (p.flows.height + 2) * (p.flows.width + 2);
    const std::int64_t clusters = 2 * number * bins;  // counts and labels of bins
    const std::int64_t resized = p.flows == p.frame ? 0 : number * p.frame.pixels();
    return labels + std::max(inside + std::max(steps, clusters), resized);
}

}  // namespace

std::int64_t network_bytes(std::span<const std::int64_t> widths, Extent tile) {
    // The upward pass at full size: the result, what is between two convolutions and the skip.
    // Pools keep what the smaller stages had, up to as much again for each.
    std::int64_t out = 0;
    std::int64_t pixels = tile.pixels();
    for (std::size_t n = 1; n < widths.size(); ++n) {
        const std::int64_t map = in_blocks(widths[n]) * pixels;
        out += 3 * map;
        if (n > 1) out += in_blocks(widths[n - 1]) * pixels;  // pooled, on the way down
        if (n + 1 < widths.size()) out += in_blocks(widths[n]) * pixels / 4;  // projected, up
        pixels /= 4;
    }
    const std::int64_t planar = (2 * widths.front() + network_outputs) * tile.pixels();
    // Winograd's: 42 patches of 36 values in and out, or what the second-level cache has room for.
    const std::int64_t scratch =
        std::max<std::int64_t>(160 * 1024, 42 * 36 * 2 * in_blocks(widths.back()));
    return number * (out + planar + scratch);
}

std::uint64_t cpu_bytes_of_call(Extent frame, std::int64_t frames,
                                std::span<const std::int64_t> widths, const Scale& scale,
                                const CellposeSettings& settings) {
    Planes p;
    p.frame = frame;
    p.channels = widths.front();
    const std::int64_t grey = p.channels * number * frame.pixels();
    try {
        const TileGrid grid = tile_grid_of(frame, scale, settings);
        p.small = grid.frame;
        p.padded = grid.padded;
        p.tile = grid.tile;
        p.tiles = grid.count();
    } catch (const Error&) {
        return static_cast<std::uint64_t>(grey);  // such a frame fails
    }
    p.flows = settings.resample ? frame : p.small;
    const std::int64_t threads = std::max(1, settings.threads);
    const std::int64_t batch = std::max<std::int64_t>(1, settings.batch_size);
    frames = std::max<std::int64_t>(1, frames);
    const bool same = p.small == frame;
    const std::int64_t image = p.channels * number * p.small.pixels();
    const std::int64_t flows = network_outputs * number * p.flows.pixels();
    const std::int64_t values = network_outputs * number * p.small.pixels();

    // Frames whose tiles are in one batch are summed up side by side.
    const std::int64_t flying = std::min(frames, (batch + p.tiles - 2) / p.tiles + 1);
    const std::int64_t sums =
        (network_outputs * number + wide) * p.padded.pixels() + wide * p.tile.pixels();
    const std::int64_t tiles = batch * (p.channels + network_outputs) * number * p.tile.pixels();
    const std::int64_t at_work = std::min({threads, batch, frames * p.tiles});
    const std::int64_t network = at_work * network_bytes(widths, p.tile);
    const std::int64_t others = (flying - 1) * sums + (frames > 1 ? tiles : 0);
    const std::int64_t prepare =
        others + image + (same ? 0 : grey) + normalize_bytes(p, settings.normalize, threads);
    const std::int64_t cutting = image + flying * sums + tiles;
    const std::int64_t landing = flows + flying * sums + tiles + (p.flows == p.small ? 0 : values);
    const std::int64_t masks = flows + (flying - 1) * sums + tiles + mask_bytes(p);
    return static_cast<std::uint64_t>(network + std::max({prepare, cutting, landing, masks}));
}

}  // namespace cytofleet
