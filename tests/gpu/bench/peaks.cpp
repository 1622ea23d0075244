#include "gpu/bench/peaks.hpp"

#include "gpu/bench/timing.hpp"
#include "kernels/support/streams.hpp"

namespace cytofleet::bench {

Peaks measure_peaks(Report& report, const Scope& scope) {
    Peaks out;
    const cuda::OwnStream own;
    const cuda::Stream stream = own.get();
    const std::size_t bytes = scope.copied;
    const auto add = [&](const char* what, double rate, double unit, const char* name) {
        report.add("device peaks", {{"what", what}, {"rate", rate / unit}, {"unit", name}});
    };
    {
        cuda::DeviceArray<std::byte> from(bytes);
        cuda::DeviceArray<std::byte> to(bytes);
        from.zero(stream);
        const auto rate = [&](const auto& copy) {
            return static_cast<double>(bytes) / median_seconds(stream, scope.rounds, copy);
        };
        out.copy = 2 * rate([&] { cuda::copy_across(stream, to.data(), from.data(), bytes); });
        cuda::PinnedBlock pinned;
        void* const host = pinned.room(bytes).data();
        const double up = rate([&] { cuda::copy_up(stream, to.data(), host, bytes); });
        const double down = rate([&] { cuda::copy_down(stream, host, from.data(), bytes); });
        add("device to device, read and written", out.copy, 1e9, "GB/s");
        add("pinned host to device", up, 1e9, "GB/s");
        add("device to pinned host", down, 1e9, "GB/s");
    }
    out.math = measure_math(report, scope);
    if (out.math) {
        add("fp32 fused multiply-adds", out.math->fp32, 1e12, "TFLOP/s");
        add("TF32 tensor cores (cuBLASLt, 8192^3)", out.math->tf32, 1e12, "TFLOP/s");
        add("fp16 tensor cores, fp32 sums (cuBLASLt, 8192^3)", out.math->fp16, 1e12, "TFLOP/s");
    }
    return out;
}

}  // namespace cytofleet::bench
