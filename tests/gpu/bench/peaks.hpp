// What the device does at best, measured: the rates that everything else is compared with.
#pragma once

#include <optional>

#include "backend/cuda/precision.hpp"
#include "gpu/bench/report.hpp"
#include "gpu/bench/scope.hpp"
#include "kernels/support/device_memory.hpp"

namespace cytofleet::bench {

/// Floating point operations per second.
struct MathPeaks {
    double fp32 = 0;  ///< fused multiply-adds of the ordinary cores
    double tf32 = 0;  ///< tensor cores, as below
    double fp16 = 0;  ///< tensor cores, sums in fp32
    double of(Precision precision) const {
        return precision == Precision::fp32 ? fp32 : precision == Precision::tf32 ? tf32 : fp16;
    }
};

struct Peaks {
    double copy = 0;                ///< bytes read and written per second, device to device
    std::optional<MathPeaks> math;  ///< none: the device is emulated
    /// Per cent of the copy rate.
    double percent_of_copy(double bytes, double seconds) const {
        return 100 * bytes / seconds / copy;
    }
};

Peaks measure_peaks(Report& report, const Scope& scope);

/// None under the emulation. Adds to `report` what is wrong.
std::optional<MathPeaks> measure_math(Report& report, const Scope& scope);

/// The two parts of it that a real device has: our own kernel, and a product of two 8192 x 8192
/// matrices by cuBLASLt. Throws cuda::DeviceError.
double fma_rate(int rounds);
double product_rate(Report& report, Precision precision, int rounds);

}  // namespace cytofleet::bench
