// The GPUs a model can run on here, for those who spread ranks over them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/byte_reader.hpp"
#include "kernels/support/devices.hpp"

namespace cytofleet {

struct GpuSurvey {
    cuda::DeviceSurvey found;
    bool hung = false;  ///< the driver does not answer; found.problem says so
};

/// Whether this build can use a GPU at all.
bool built_for_gpu();

/// Planes of about so many pixels in one call keep a GPU busy: 8 frames of 2048 x 2048.
inline constexpr std::int64_t gpu_pixels_per_call = std::int64_t{1} << 25;

/// Seconds a driver has to say which GPUs there are. Eight GPUs that nobody uses take it about
/// twenty to wake.
inline constexpr double driver_patience = 60;

/// Without devices and with a problem where the build has no GPU support. The driver is asked in a
/// process of its own: one that hangs holds up nobody for longer than driver_patience.
GpuSurvey survey_gpus();
/// The same with another question and patience.
GpuSurvey survey_within(double seconds, const std::function<cuda::DeviceSurvey()>& ask);

std::vector<std::byte> to_bytes(const cuda::DeviceSurvey& survey);
cuda::DeviceSurvey survey_from_bytes(ByteReader& in);

}  // namespace cytofleet
