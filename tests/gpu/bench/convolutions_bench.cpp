#include "gpu/bench/convolutions_bench.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "backend/cpu/cpu_ops.hpp"
#include "backend/cuda/conv_library.hpp"
#include "gpu/bench/timing.hpp"
#include "gpu/network_convolutions.hpp"
#include "kernels/nn/pointwise_cuda.hpp"
#include "kernels/support/streams.hpp"
#include "models/cellpose/network.hpp"

namespace cytofleet::bench {
namespace {

using cuda::ConvFusion;
using cuda::ConvShape;
using cuda::DeviceArray;
using cuda::PerChannel;

/// Zeros for everything that a convolution and what follows it may read or write.
class Operands {
  public:
    Operands(cuda::Stream stream, const ConvShape& shape)
        : size_{shape.n, shape.height, shape.width, shape.out, element_of(shape.precision)},
          x_(bytes(shape, shape.n * shape.height * shape.width * shape.in)),
          weights_(bytes(shape, shape.out * shape.in * shape.kernel * shape.kernel)),
          y_(static_cast<std::size_t>(size_.bytes())),
          add_(y_.size()),
          copy_(y_.size()),
          values_(static_cast<std::size_t>(shape.n * shape.out)) {
        x_.zero(stream);
        weights_.zero(stream);
        add_.zero(stream);
        values_.zero(stream);
    }
    cuda::ConvData data() {
        return {x_.data(),      weights_.data(), y_.data(),      values_.data(), add_.data(),
                values_.data(), values_.data(),  values_.data(), copy_.data()};
    }
    /// What follows the sums where `form` is not fused.
    cuda::Finish finish(const ConvFusion& form) {
        const auto values = [&](PerChannel kind) -> cuda::ChannelValues {
            if (kind == PerChannel::none) return {};
            return {values_.data(), kind == PerChannel::per_tile ? size_.channels : 0};
        };
        cuda::Finish out;
        out.bias = values(form.bias);
        if (form.add) out.add = add_.data();
        if (form.add_scale) out.add_scale = values(PerChannel::shared);
        out.relu = form.relu;
        if (form.copy_shift != PerChannel::none)
            out.copy = {values(PerChannel::shared), values(form.copy_shift), copy_.data()};
        return out;
    }
    const cuda::MapSize& size() const { return size_; }

  private:
    static std::size_t bytes(const ConvShape& shape, std::int64_t numbers) {
        return static_cast<std::size_t>(numbers * bytes_of(element_of(shape.precision)));
    }
    cuda::MapSize size_;
    DeviceArray<std::byte> x_, weights_, y_, add_, copy_;
    DeviceArray<float> values_;
};

}  // namespace

void bench_convolutions(Report& report, const Weights& weights, const Scope& scope,
                        const Peaks& peaks) {
    const cuda::OwnStream own;
    const cuda::Stream stream = own.get();
    const auto library = cuda::make_conv_library(stream);
    std::vector<std::int64_t> widths;
    for (const std::int64_t width : CpNet(make_cpu_ops(1), weights).widths())
        widths.push_back(cuda::padded_channels(width));
    widths.erase(widths.begin());  // the network's input
    for (const Precision precision : scope.precisions)
        for (const cuda::WantedConvolution& each :
             cuda::network_convolutions(widths, scope.tile, scope.batches.back(), precision)) {
            const ConvShape& shape = each.shape;
            const ConvFusion& wanted = each.form;
            Operands operands(stream, shape);
            const double flops = 2.0 * static_cast<double>(shape.n * shape.height * shape.width) *
                                 static_cast<double>(shape.in * shape.out) *
                                 static_cast<double>(shape.kernel * shape.kernel);
            for (const ConvFusion& form : {wanted, ConvFusion{}}) {
                const auto plan = library->plan(shape, form);
                if (!plan) continue;
                DeviceArray<std::byte> workspace(std::max<std::size_t>(plan->workspace_bytes(), 1));
                const double seconds = median_seconds(stream, scope.rounds, [&] {
                    plan->run(operands.data(), workspace.data());
                    if (form.sums_only())
                        cuda::finish_convolution(stream, operands.data().y, operands.size(),
                                                 operands.finish(wanted), operands.data().y);
                });
                std::optional<double> percent;
                if (peaks.math) percent = 100 * flops / seconds / peaks.math->of(precision);
                report.add("convolutions",
                           {{"shape", shape.text()},
                            {"wanted", wanted.text()},
                            {"by", std::string(form.sums_only() ? "two kernels" : "one, fused")},
                            {"us", seconds * 1e6},
                            {"TFLOP/s", flops / seconds / 1e12},
                            {"% of peak", value_of(percent)}});
            }
        }
}

}  // namespace cytofleet::bench
