// What the device does at best, measured: the rates that everything else is compared with. Each
// when it is first asked for, so that a run of one part does not wait for the others' peaks.
#pragma once

#include <map>
#include <optional>

#include "backend/cuda/precision.hpp"
#include "gpu/bench/report.hpp"
#include "gpu/bench/scope.hpp"
#include "kernels/support/device_memory.hpp"

namespace cytofleet::bench {

class Peaks {
  public:
    Peaks(Report& report, const Scope& scope) : report_(report), scope_(scope) {}
    /// Bytes read and written per second, device to device.
    double copy();
    /// Floating point operations per second: of fused multiply-adds of the ordinary cores in fp32,
    /// of tensor cores otherwise. None where this program or device has no way to measure it.
    std::optional<double> math(Precision precision);
    /// Only reports how fast frames come up and labels go down at best.
    void report_transfers();
    /// Per cent of the copy rate.
    double percent_of_copy(double bytes, double seconds) { return 100 * bytes / seconds / copy(); }
    std::optional<double> percent_of_math(Precision precision, double rate) {
        const std::optional<double> peak = math(precision);
        return peak ? std::optional(100 * rate / *peak) : std::nullopt;
    }

  private:
    void add(const char* what, const Value& rate, const char* unit);
    Report& report_;
    const Scope& scope_;
    double copy_ = 0;
    std::map<Precision, std::optional<double>> math_;
};

/// None under the emulation, and in a build without cuBLASLt. Adds to `report` what is wrong.
/// Throws cuda::DeviceError.
std::optional<double> measure_math(Report& report, Precision precision, int rounds);

/// The two parts of it that a real device has: our own kernel, and a product of two 8192 x 8192
/// matrices by cuBLASLt. Throws cuda::DeviceError.
double fma_rate(int rounds);
double product_rate(Report& report, Precision precision, int rounds);

}  // namespace cytofleet::bench
