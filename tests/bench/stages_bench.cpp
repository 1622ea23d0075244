// How long one stage takes on this machine: a tile through the network, flows to labels. Say which
// checkpoint with $CYTOFLEET_BENCH_MODEL (default: the bundled small one).
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <random>
#include <vector>

#include <benchmark/benchmark.h>

#include "backend/cpu/cpu_ops.hpp"
#include "bench/network_flops.hpp"
#include "models/cellpose/masks.hpp"
#include "models/cellpose/network.hpp"
#include "models/demo_model.hpp"
#include "weights/weights.hpp"

namespace cytofleet {
namespace {

constexpr std::int64_t side = 224;  // of a tile, pixels

Weights read_model() {
    const char* named = std::getenv("CYTOFLEET_BENCH_MODEL");
    return Weights(std::make_shared<const Checkpoint>(
        Checkpoint::load(named != nullptr ? std::filesystem::path(named) : demo_model_file())));
}

void network_of_tiles(benchmark::State& state) {
    const auto threads = static_cast<int>(state.range(0));
    const auto tiles = state.range(1);
    const Weights weights = read_model();
    CpNet net(make_cpu_ops(threads), weights);
    std::mt19937 random(1);
    std::normal_distribution<float> normal;
    std::vector<float> in(static_cast<std::size_t>(tiles * net.channels_in() * side * side));
    for (float& value : in) value = normal(random);
    std::vector<float> out(static_cast<std::size_t>(tiles * 3 * side * side));
    std::vector<float> styles(static_cast<std::size_t>(tiles * net.style_size()));
    for (auto _ : state) net(in, tiles, side, side, out, styles);
    if (!std::isfinite(out.front()) || !std::isfinite(out.back()))
        state.SkipWithError("the network's output is no number");
    const auto done = static_cast<double>(state.iterations() * tiles);
    state.counters["tiles/s"] = benchmark::Counter(done, benchmark::Counter::kIsRate);
    // Of the convolutions as written: Winograd does fewer operations, so this can pass the peak.
    state.counters["FLOP/s"] =
        benchmark::Counter(network_flops(net.widths(), side) * done, benchmark::Counter::kIsRate);
}
BENCHMARK(network_of_tiles)
    ->ArgNames({"threads", "tiles"})
    ->ArgsProduct({{1, 2}, {1, 8}})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

/// Discs of radius 12 whose flows point to their middles, on a grid `pitch` apart.
struct Discs {
    std::vector<float> flows;
    std::uint32_t cells = 0;
};
Discs draw_discs(std::int64_t size, std::int64_t pitch) {
    constexpr std::int64_t radius = 12;
    const auto pixels = static_cast<std::size_t>(size * size);
    Discs out{std::vector<float>(3 * pixels), 0};
    std::fill_n(out.flows.begin() + 2 * static_cast<std::ptrdiff_t>(pixels), pixels, -6.0F);
    for (std::int64_t cy = radius + 1; cy + radius < size; cy += pitch)
        for (std::int64_t cx = radius + 1; cx + radius < size; cx += pitch, ++out.cells)
            for (std::int64_t y = -radius; y <= radius; ++y)
                for (std::int64_t x = -radius; x <= radius; ++x) {
                    const auto far = std::sqrt(static_cast<float>(y * y + x * x));
                    if (far > static_cast<float>(radius)) continue;
                    const auto at = static_cast<std::size_t>((cy + y) * size + cx + x);
                    const float gain = far > 0 ? -5.0F / far : 0.0F;
                    out.flows[at] = gain * static_cast<float>(y);
                    out.flows[pixels + at] = gain * static_cast<float>(x);
                    out.flows[2 * pixels + at] = 6.0F;
                }
    return out;
}

void masks_of_discs(benchmark::State& state) {
    const std::int64_t size = state.range(1);
    const Discs discs = draw_discs(size, state.range(2));
    MaskOptions options;
    options.variant = state.range(3) == 0 ? Variant::cpu : Variant::cuda;
    LabelImage labels;
    for (auto _ : state)
        labels = compute_masks({static_cast<int>(state.range(0))}, discs.flows, {size, size},
                               {size, size}, options);
    if (labels.cells != discs.cells) state.SkipWithError("not every disc was found");
    state.counters["cells"] = labels.cells;
}
BENCHMARK(masks_of_discs)
    ->ArgNames({"threads", "size", "pitch", "cuda_variant"})
    ->ArgsProduct({{1, 2}, {512, 2048}, {26, 80}, {0, 1}})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
}  // namespace cytofleet
