#include "gpu/bench/peaks.hpp"

#include <cstddef>
#include <string>

#include "base/timer.hpp"
#include "gpu/bench/patterns.hpp"
#include "gpu/bench/timing.hpp"
#include "kernels/support/streams.hpp"

namespace cytofleet::bench {
namespace {

const char* name_of_peak(Precision precision) {
    switch (precision) {
        case Precision::fp32:
            return "fp32 fused multiply-adds";
        case Precision::tf32:
            return "TF32 tensor cores (cuBLASLt, 8192^3)";
        case Precision::fp16:
            break;
    }
    return "fp16 tensor cores, fp32 sums (cuBLASLt, 8192^3)";
}

}  // namespace

void Peaks::add(const char* what, const Value& rate, const char* unit) {
    report_.add("device peaks", {{"what", std::string(what)}, {"rate", rate}, {"unit", unit}});
}

double Peaks::copy() {
    if (copy_ > 0) return copy_;
    const Timer timer;
    const cuda::OwnStream own;
    const cuda::Stream stream = own.get();
    cuda::DeviceArray<std::byte> from(scope_.copied);
    cuda::DeviceArray<std::byte> to(scope_.copied);
    fill_with(stream, from, cuda::Element::f32, normal_numbers(3));
    const double seconds = median_seconds(stream, scope_.rounds, [&] {
        cuda::copy_across(stream, to.data(), from.data(), from.size());
    });
    copy_ = 2 * static_cast<double>(scope_.copied) / seconds;
    add("device to device, read and written", copy_ / 1e9, "GB/s");
    report_.took("peaks", "copy", timer.seconds());
    return copy_;
}

void Peaks::report_transfers() {
    const Timer timer;
    const cuda::OwnStream own;
    const cuda::Stream stream = own.get();
    cuda::DeviceArray<std::byte> device(scope_.transferred);
    fill_with(stream, device, cuda::Element::f32, normal_numbers(3));
    cuda::PinnedBlock pinned;
    void* const host = pinned.room(device.size()).data();
    const auto rate = [&](const auto& copy) {
        return static_cast<double>(device.size()) / median_seconds(stream, scope_.rounds, copy) /
               1e9;
    };
    add("device to pinned host",
        rate([&] { cuda::copy_down(stream, host, device.data(), device.size()); }), "GB/s");
    add("pinned host to device",
        rate([&] { cuda::copy_up(stream, device.data(), host, device.size()); }), "GB/s");
    report_.took("peaks", "transfers", timer.seconds());
}

std::optional<double> Peaks::math(Precision precision) {
    const auto [found, is_new] = math_.try_emplace(precision);
    if (!is_new) return found->second;
    const Timer timer;
    Value rate = "not measured";
    try {
        found->second = measure_math(report_, precision, scope_.rounds);
        if (found->second) rate = *found->second / 1e12;
    } catch (const cuda::DeviceError& error) {
        // What is compared with it may be measured all the same.
        report_.failed("peaks", error.what());
    }
    add(name_of_peak(precision), rate, "TFLOP/s");
    report_.took("peaks", std::string(name_of(precision)), timer.seconds());
    return found->second;
}

}  // namespace cytofleet::bench
