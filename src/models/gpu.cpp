#include "models/gpu.hpp"

#include <fmt/format.h>

#include "base/byte_writer.hpp"
#include "base/in_child.hpp"
#include "kernels/support/exec.hpp"

namespace cytofleet {

bool built_for_gpu() {
    return with_cuda;
}

GpuSurvey survey_gpus() {
    if constexpr (with_cuda) return survey_within(driver_patience, cuda::survey_devices);
    return {{{}, "this build has no GPU support; build with -DCYTOFLEET_CUDA=ON"}};
}

GpuSurvey survey_within(double seconds, const std::function<cuda::DeviceSurvey()>& ask) {
    GpuSurvey out;
    const ChildEnd end = in_child_within(seconds, [&] {
        const auto bytes = to_bytes(ask());
        return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    });
    if (end.late) {
        out.hung = true;
        out.found.problem = fmt::format(
            "the NVIDIA driver does not answer within {:g} s when asked which GPUs there are; see "
            "whether nvidia-smi hangs too, and dmesg, and use another node until it is reset",
            seconds);
    } else if (!end.problem.empty()) {
        out.found.problem = fmt::format(
            "asking the NVIDIA driver which GPUs there are fails: {}; see nvidia-smi", end.problem);
    } else {
        ByteReader in(std::as_bytes(std::span(end.text)), "the survey of GPUs");
        out.found = survey_from_bytes(in);
        // An MPI that knows CUDA has woken the driver in this process; it has shown to answer.
        if (out.found.forked) out.found = ask();
    }
    return out;
}

std::vector<std::byte> to_bytes(const cuda::DeviceSurvey& survey) {
    ByteWriter out;
    out.write_text(survey.problem);
    out.write(static_cast<std::uint8_t>(survey.forked ? 1 : 0));
    out.write(static_cast<std::uint64_t>(survey.devices.size()));
    for (const cuda::DeviceFacts& device : survey.devices) {
        out.write_text(device.name);
        out.write_text(device.bus);
        for (const int number : {device.number, device.major, device.minor})
            out.write(static_cast<std::int32_t>(number));
        out.write(static_cast<std::uint64_t>(device.memory));
        out.write(static_cast<std::uint8_t>(device.has_code ? 1 : 0));
    }
    return out.take();
}

cuda::DeviceSurvey survey_from_bytes(ByteReader& in) {
    cuda::DeviceSurvey out;
    out.problem = in.read_text();
    out.forked = in.read<std::uint8_t>() != 0;
    for (auto left = in.read<std::uint64_t>(); left > 0; --left) {
        cuda::DeviceFacts device;
        device.name = in.read_text();
        device.bus = in.read_text();
        for (int* number : {&device.number, &device.major, &device.minor})
            *number = in.read<std::int32_t>();
        device.memory = in.read<std::uint64_t>();
        device.has_code = in.read<std::uint8_t>() != 0;
        out.devices.push_back(std::move(device));
    }
    return out;
}

}  // namespace cytofleet
