#include "gpu/bench/convolutions_bench.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "backend/cpu/cpu_ops.hpp"
#include "backend/cuda/conv_library.hpp"
#include "base/timer.hpp"
#include "gpu/bench/operands.hpp"
#include "gpu/bench/timing.hpp"
#include "gpu/network_convolutions.hpp"
#include "kernels/support/streams.hpp"
#include "models/cellpose/network.hpp"

namespace cytofleet::bench {
namespace {

using cuda::ConvFusion;
using cuda::ConvShape;

/// Between two forms of one convolution, of the largest result. They add up in another order;
/// apart, fp16 sums are rounded once more; in TF32 one may round its operands and the other cut
/// them.
double allowed(Precision precision) {
    return precision == Precision::fp32 ? 1e-4 : 3e-3;
}

class ConvolutionsBench {
  public:
    ConvolutionsBench(Report& report, const Scope& scope, const Gpu& gpu, Precision precision,
                      std::optional<double> peak)
        : report_(report),
          scope_(scope),
          precision_(precision),
          peak_(peak),
          library_(cuda::make_conv_library(stream_, gpu.kernels)) {}

    /// Fused, then by two kernels.
    void run(const cuda::WantedConvolution& each) {
        Operands operands(stream_, each.shape, numbers_);
        std::vector<float> fused;
        for (const ConvFusion& form : {each.form, ConvFusion{}}) {
            try {
                if (!time(each, form, operands)) continue;
            } catch (const cuda::OutOfDeviceMemory&) {
                throw;
            } catch (const cuda::DeviceError& error) {
                // Another form, or another shape, may do; where the device is lost, all fail.
                report_.failed(fmt::format("{}, {}", each.shape.text(), form.text()), error.what());
                continue;
            }
            std::vector<float> got = operands.sample(stream_);
            if (fused.empty()) {
                fused = std::move(got);
                continue;
            }
            const double off = difference(got, fused);
            if (!(off <= allowed(precision_)))
                report_.wrong(
                    fmt::format("{}, {}: fused and by two kernels differ by {:.3g} of the "
                                "largest",
                                each.shape.text(), each.form.text(), off));
        }
    }

  private:
    /// False where the library has no such form.
    bool time(const cuda::WantedConvolution& each, const ConvFusion& form, Operands& operands) {
        const Timer planning;
        const auto plan = library_->plan(each.shape, form);
        const double planned = planning.seconds();
        if (!plan) return false;
        cuda::DeviceArray<std::byte> workspace(std::max<std::size_t>(plan->workspace_bytes(), 1));
        const double seconds = median_seconds(stream_, scope_.rounds, [&] {
            plan->run(operands.data(), workspace.data());
            if (form.sums_only())
                cuda::finish_convolution(stream_, operands.data().y, operands.size(),
                                         operands.finish(each.form), operands.data().y);
        });
        const ConvShape& shape = each.shape;
        const double flops = 2.0 * static_cast<double>(shape.n * shape.height * shape.width) *
                             static_cast<double>(shape.in * shape.out) *
                             static_cast<double>(shape.kernel * shape.kernel);
        std::optional<double> percent;
        if (peak_) percent = 100 * flops / seconds / *peak_;
        report_.add("convolutions",
                    {{"shape", shape.text()},
                     {"wanted", each.form.text()},
                     {"by", std::string(form.sums_only() ? "two kernels" : "one, fused")},
                     {"us", seconds * 1e6},
                     {"TFLOP/s", flops / seconds / 1e12},
                     {"% of peak", value_of(percent)},
                     {"plan, s", planned}});
        return true;
    }

    Report& report_;
    const Scope& scope_;
    Precision precision_;
    std::optional<double> peak_;
    OperandNumbers numbers_;
    cuda::OwnStream own_;
    cuda::Stream stream_ = own_.get();
    std::unique_ptr<cuda::ConvLibrary> library_;
};

}  // namespace

void bench_convolutions(Report& report, const Weights& weights, const Scope& scope, Peaks& peaks,
                        const Gpu& gpu, Precision precision) {
    std::vector<std::int64_t> widths;
    for (const std::int64_t width : CpNet(make_cpu_ops(1), weights).widths())
        widths.push_back(cuda::padded_channels(width));
    widths.erase(widths.begin());  // the network's input
    ConvolutionsBench bench(report, scope, gpu, precision, peaks.math(precision));
    for (const cuda::WantedConvolution& each :
         cuda::network_convolutions(widths, scope.tile, scope.largest_batch(), precision))
        bench.run(each);
}

}  // namespace cytofleet::bench
