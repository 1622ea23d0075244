#include "backend/cuda/described_device.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

#include <fmt/format.h>

namespace cytofleet::cuda {
namespace {

struct Device {
    std::string_view name;
    std::string_view full_name;
    int capability;  ///< times 100
    int processors;
    int threads_each;  ///< most threads of a processor
    int blocks_each;
    int shared_memory;  ///< bytes a block may ask for
    std::int64_t cache;
    std::int64_t memory;
    int clock;         ///< kHz
    int memory_clock;  ///< kHz
};

// From the vendor's data sheets and the CUDA programming guide's table of compute capabilities.
constexpr std::array devices{
    Device{"a100", "NVIDIA A100-SXM4-80GB", 800, 108, 2048, 32, 166912, 41943040, 85094825984,
           1410000, 1593000},
    Device{"h100", "NVIDIA H100 80GB HBM3", 900, 132, 2048, 32, 232448, 52428800, 85029158912,
           1980000, 2619000},
    Device{"h200", "NVIDIA H200", 900, 132, 2048, 32, 232448, 62914560, 150754820096, 1980000,
           3201000},
    Device{"l40s", "NVIDIA L40S", 890, 142, 1536, 24, 101376, 100663296, 47697362944, 2520000,
           9001000},
    Device{"rtx3090", "NVIDIA GeForce RTX 3090", 860, 82, 1536, 16, 101376, 6291456, 25438126080,
           1695000, 9751000},
    Device{"rtx4090", "NVIDIA GeForce RTX 4090", 890, 128, 1536, 24, 101376, 75497472, 25393692672,
           2520000, 10501000},
};

std::optional<std::int64_t> number_in(std::string_view json, std::string_view name) {
    const auto at = json.find(fmt::format("\"{}\"", name));
    if (at == std::string_view::npos) return std::nullopt;
    std::string_view rest = json.substr(at + name.size() + 2);
    const auto digit = rest.find_first_not_of(" :\t\n");
    if (digit == std::string_view::npos) return std::nullopt;
    rest.remove_prefix(digit);
    std::int64_t out = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), out);
    return error == std::errc() ? std::optional(out) : std::nullopt;
}

}  // namespace

std::vector<std::string> described_devices() {
    std::vector<std::string> out;
    out.reserve(devices.size());
    for (const Device& device : devices) out.emplace_back(device.name);
    return out;
}

std::string device_description(const std::string& name) {
    for (const Device& d : devices)
        if (d.name == name)
            return fmt::format(
                R"({{"deviceName": "{}", "deviceVer": {}, "multiProcessorCount": {},
"maxSharedMemoryPerBlockOptin": {}, "maxCtasPerSM": {}, "maxThreadsPerSM": {},
"totalGlobalMem": {}, "smClockRateKHz": {}, "memClockRateKHz": {}, "l2CacheSize": {},
"maxGridSize": [2147483647, 65535, 65535], "maxBlockSize": [1024, 1024, 64],
"regsPerBlock": 65536, "warpSize": 32, "maxSharedMemoryPerBlock": 49152,
"reservedSharedMemoryPerBlock": 1024, "maxRegistersPerSM": 65536, "maxThreadsPerBlock": 1024,
"pciDeviceId": 0, "isTccDriver": 0, "supportCoopLaunch": 1, "cudaDeviceId": 0,
"driverVer": 13000}})",
                d.full_name, d.capability, d.processors, d.shared_memory, d.blocks_each,
                d.threads_each, d.memory, d.clock, d.memory_clock, d.cache);
    return {};
}

std::string device_kind(const std::string& json) {
    const auto capability = number_in(json, "deviceVer");
    const auto processors = number_in(json, "multiProcessorCount");
    const auto shared = number_in(json, "maxSharedMemoryPerBlockOptin");
    if (!capability || !processors || !shared) return {};
    return fmt::format("sm {}, {} processors, {} bytes of shared memory", *capability, *processors,
                       *shared);
}

}  // namespace cytofleet::cuda
