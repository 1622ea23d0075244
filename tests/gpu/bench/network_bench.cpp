#include "gpu/bench/network_bench.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "backend/cuda/cuda_ops.hpp"
#include "base/timer.hpp"
#include "gpu/bench/model_size.hpp"
#include "gpu/bench/timing.hpp"
#include "kernels/support/streams.hpp"
#include "models/cellpose/network.hpp"

namespace cytofleet::bench {
namespace {

/// What the error may be, of the largest output. fp32 and fp16: DESIGN.md 7. TF32: between what it
/// gives and what a library gives that takes bf16 instead. The full-size model with inputs and
/// weights of all convolutions brought to so many bits, 1 to 4 tiles, on a CPU:
///
///     10 bits (TF32, fp16), rounded       error 6.3e-4 to 9.0e-4    gain +4e-5
///     10 bits, cut: one operand           error 3.0e-3              gain -1.5e-3
///     10 bits, cut: both                  error 6.0e-3              gain -3.2e-3
///     9 bits, rounded                     error 1.5e-3              gain -1.6e-4
///     7 bits (bf16), rounded              error 2.8e-3 to 5.2e-3    gain +1.7e-4
///     7 bits (bf16), cut                  error 4.7e-2              gain -2.5e-2
///     fp16 throughout, sums in fp32       error 8.4e-4 to 9.9e-4    gain +4e-5
///
/// In the emulation's small tiles TF32 gives up to 1.02e-3 and bf16 3.0e-3. So 1.5e-3, not 1e-3,
/// tells them apart. Tensor cores cut what a kernel does not round before: as large an error as
/// bf16's, but one that shrinks all numbers alike. fp16 in TF32's place rounds to the same bits and
/// cannot be told.
double allowed(Precision precision, double gain) {
    if (precision == Precision::fp32) return 1e-4;
    if (precision == Precision::fp16) return 1e-2;
    const double shrunk = std::max(0.0, -gain);
    return 1.5e-3 + (shrunk < 5e-3 ? 2 * shrunk : 0);
}

/// What a batch took; no seconds where the memory did not hold it.
struct Measured {
    std::optional<double> first;  ///< with all that cuDNN has to look up and compile
    std::optional<double> seconds;
    Deviation off;
};

class NetworkBench {
  public:
    NetworkBench(Report& report, const Weights& weights, NetworkTiles& tiles, const Scope& scope,
                 const Gpu& gpu, Precision precision)
        : report_(report),
          tiles_(tiles),
          scope_(scope),
          precision_(precision),
          engine_(start_cuda(precision, gpu.kernels)),
          net_(engine_.ops, weights) {}

    const CpNet& net() const { return net_; }

    Measured measure(std::int64_t n) {
        Measured out;
        try {
            engine_.ops->for_pieces(n, [&](Workspace& work, std::int64_t, std::int64_t) {
                const std::int64_t side = scope_.tile;
                const FeaturesPtr in = work.make_planar(n, net_.channels_in(), side, side);
                const FeaturesPtr answers = work.make_planar(n, network_outputs, side, side);
                engine_.ops->upload(tiles_.batch(n), *in);
                const Timer timer;
                net_.forward(work, *in, *answers);
                cuda::synchronize(engine_.stream);
                out.first = timer.seconds();
                out.seconds = median_seconds(engine_.stream, scope_.rounds,
                                             [&] { net_.forward(work, *in, *answers); });
                std::vector<float> got(static_cast<std::size_t>(n * network_outputs * side * side));
                engine_.ops->download(*answers, got);
                out.off = tiles_.deviation(got, n);
            });
        } catch (const cuda::OutOfDeviceMemory&) {
            engine_.ops->trim();
            return {};
        }
        const double most = allowed(precision_, out.off.gain);
        if (!(out.off.error <= most))
            report_.wrong(
                fmt::format("the network in {} at batch {} is off by {:.3g} of its largest output; "
                            "{:.3g} is allowed",
                            name_of(precision_), n, out.off.error, most));
        return out;
    }

    void list_choices() {
        for (const std::string& choice : engine_.ops->choices())
            report_.add("forms of convolutions", {{"choice", choice}});
    }

  private:
    Report& report_;
    NetworkTiles& tiles_;
    const Scope& scope_;
    Precision precision_;
    Operations engine_;
    CpNet net_;
};

}  // namespace

void bench_network(Report& report, const Weights& weights, NetworkTiles& tiles, const Scope& scope,
                   Peaks& peaks, const Gpu& gpu, Precision precision) {
    const std::string part = fmt::format("network, {}", name_of(precision));
    const Timer starting;
    NetworkBench bench(report, weights, tiles, scope, gpu, precision);
    report.took(part, "engine and weights", starting.seconds());
    const std::optional<double> peak = peaks.math(precision);
    const double flops = network_flops(bench.net().widths(), scope.tile);
    for (const std::int64_t n : scope.batches) {
        const auto [first, seconds, off] = bench.measure(n);
        std::optional<double> tiles_a_second;
        std::optional<double> percent;
        if (seconds) tiles_a_second = static_cast<double>(n) / *seconds;
        if (seconds && peak) percent = 100 * flops * *tiles_a_second / *peak;
        const auto scaled = [](const std::optional<double>& number, double factor) {
            return number ? Value(*number * factor) : Value();
        };
        report.add("network", {{"precision", std::string(name_of(precision))},
                               {"batch", static_cast<double>(n)},
                               {"ms", seconds ? Value(*seconds * 1e3) : Value("out of memory")},
                               {"tiles/s", value_of(tiles_a_second)},
                               {"TFLOP/s", scaled(tiles_a_second, flops / 1e12)},
                               {"% of peak", value_of(percent)},
                               {"error", seconds ? Value(off.error) : Value()},
                               {"rms", seconds ? Value(off.rms) : Value()},
                               {"gain", seconds ? Value(off.gain) : Value()},
                               {"first, s", value_of(first)}});
        if (n != scope.largest_batch()) continue;
        const bool full = full_size(bench.net().widths());
        const char* const why = !full      ? small_model
                                : !seconds ? "memory ran out"
                                           : "the peak was not measured";
        if (precision == Precision::fp16)
            report.bar(fmt::format("network in fp16 at batch {}, of the tensor cores' peak", n),
                       full ? percent : std::nullopt, 50, true, "%", why);
        // allowed() tells what is wrong; this, whether it is as good as TF32 that is rounded.
        if (precision == Precision::tf32)
            report.bar(fmt::format("error of the network in tf32 at batch {}", n),
                       full && seconds ? std::optional(off.error * 1e3) : std::nullopt, 1, false,
                       "thousandths of its largest output", why);
    }
    bench.list_choices();
}

}  // namespace cytofleet::bench
