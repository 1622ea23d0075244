#include "gpu/bench/network_bench.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "backend/cpu/cpu_ops.hpp"
#include "backend/cuda/cuda_ops.hpp"
#include "bench/network_flops.hpp"
#include "gpu/bench/timing.hpp"
#include "models/cellpose/network.hpp"

namespace cytofleet::bench {
namespace {

constexpr double full_size = 30e9;  // floating point operations of a tile; Cellpose has 31.0

std::size_t size(std::int64_t count) {
    return static_cast<std::size_t>(count);
}

/// All tiles are the same one.
class Tiles {
  public:
    Tiles(std::int64_t channels, std::int64_t side) : side_(side) {
        std::mt19937 random(1);
        std::normal_distribution<float> normal;
        one_.resize(size(channels * side * side));
        for (float& value : one_) value = normal(random);
    }
    std::vector<float> batch(std::int64_t n) const {
        std::vector<float> out;
        for (std::int64_t i = 0; i < n; ++i) out.insert(out.end(), one_.begin(), one_.end());
        return out;
    }
    /// What the CPU's network says.
    std::vector<float> answer(const Weights& weights) const {
        CpNet net(make_cpu_ops(1), weights);
        std::vector<float> out(size(network_outputs * side_ * side_));
        std::vector<float> style(size(net.style_size()));
        net(one_, 1, side_, side_, out, style);
        return out;
    }

  private:
    std::int64_t side_;
    std::vector<float> one_;
};

/// Largest difference of any tile from the CPU's answer, over the answer's largest number.
double error_of(const std::vector<float>& got, const std::vector<float>& wanted) {
    double worst = 0;
    double largest = 0;
    for (const float value : wanted)
        largest = std::max(largest, static_cast<double>(std::abs(value)));
    for (std::size_t i = 0; i < got.size(); ++i) {
        const double off =
            std::abs(static_cast<double>(got[i]) - static_cast<double>(wanted[i % wanted.size()]));
        if (!(off <= worst)) worst = off;  // a NaN stays
        if (std::isnan(worst)) break;
    }
    return worst / largest;
}

/// What the error may be; the golden tests are stricter, for numbers of known size.
double allowed(Precision precision) {
    return precision == Precision::fp32 ? 1e-3 : 5e-2;
}

}  // namespace

void bench_network(Report& report, const Weights& weights, const Scope& scope, const Peaks& peaks) {
    std::optional<double> percent_at_last;
    double flops = 0;
    std::vector<float> wanted;
    for (const Precision precision : scope.precisions) {
        const Operations engine = start_cuda(precision);
        const CpNet net(engine.ops, weights);
        flops = network_flops(net.widths(), scope.tile);
        const Tiles tiles(net.channels_in(), scope.tile);
        if (wanted.empty()) wanted = tiles.answer(weights);
        for (const std::int64_t n : scope.batches) {
            const auto measure = [&](Workspace& work, std::int64_t, std::int64_t) {
                const FeaturesPtr in =
                    work.make_planar(n, net.channels_in(), scope.tile, scope.tile);
                const FeaturesPtr out =
                    work.make_planar(n, network_outputs, scope.tile, scope.tile);
                engine.ops->upload(tiles.batch(n), *in);
                const double seconds = median_seconds(engine.stream, scope.rounds,
                                                      [&] { net.forward(work, *in, *out); });
                std::vector<float> got(size(n) * wanted.size());
                engine.ops->download(*out, got);
                const double error = error_of(got, wanted);
                if (!(error <= allowed(precision)))
                    report.wrong(
                        fmt::format("the network in {} at batch {} is off by {} of its "
                                    "largest output",
                                    name_of(precision), n, error));
                const double rate = static_cast<double>(n) * flops / seconds;
                std::optional<double> percent;
                if (peaks.math) percent = 100 * rate / peaks.math->of(precision);
                if (precision == Precision::fp16 && n == scope.batches.back())
                    percent_at_last = percent;
                report.add("network", {{"precision", std::string(name_of(precision))},
                                       {"batch", static_cast<double>(n)},
                                       {"ms", seconds * 1e3},
                                       {"tiles/s", static_cast<double>(n) / seconds},
                                       {"TFLOP/s", rate / 1e12},
                                       {"% of peak", value_of(percent)},
                                       {"error", error}});
            };
            try {
                engine.ops->for_pieces(n, measure);
            } catch (const cuda::OutOfDeviceMemory&) {
                engine.ops->trim();
                report.add("network", {{"precision", std::string(name_of(precision))},
                                       {"batch", static_cast<double>(n)},
                                       {"ms", "out of memory"},
                                       {"tiles/s", {}},
                                       {"TFLOP/s", {}},
                                       {"% of peak", {}},
                                       {"error", {}}});
            }
        }
        for (const std::string& choice : engine.ops->choices())
            report.add("forms of convolutions", {{"choice", choice}});
    }
    report.add("network's work",
               {{"GFLOP per tile", flops / 1e9}, {"side", static_cast<double>(scope.tile)}});
    const bool full = flops >= full_size;
    report.bar(
        fmt::format("network in fp16 at batch {}, of the tensor cores' peak", scope.batches.back()),
        full ? percent_at_last : std::nullopt, 50, true, "%",
        full ? "no peak was measured, or memory ran out"
             : "the model is smaller than Cellpose's (--model)");
}

}  // namespace cytofleet::bench
