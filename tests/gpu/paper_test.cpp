// What cuDNN fuses on devices that are not here: it knows them from their descriptions, and needs
// no more than a driver's library that it can load.
#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "backend/cuda/conv_library.hpp"
#include "backend/cuda/described_device.hpp"
#include "gpu/network_convolutions.hpp"

namespace cytofleet::cuda {
namespace {

std::unique_ptr<ConvLibrary> library_for(const std::string& device) {
    return make_paper_library(open_described_kernels(device_description(device), {}));
}

/// Of Cellpose's network, in batches of 16.
std::vector<WantedConvolution> cellpose(Precision precision) {
    constexpr std::array<std::int64_t, 4> widths{32, 64, 128, 256};
    return network_convolutions(widths, 224, 16, precision);
}

class Paper : public testing::TestWithParam<std::string> {};

TEST_P(Paper, EverythingThatTheNetworkWantsIsFusedOnTensorCores) {
    const auto library = library_for(GetParam());
    for (const Precision precision : {Precision::fp16, Precision::tf32})
        for (const auto& [shape, form] : cellpose(precision))
            EXPECT_TRUE(library->knows(shape, form)) << shape.text() << ": " << form.text();
}

TEST_P(Paper, InFloat32TheSumsAre) {
    const auto library = library_for(GetParam());
    for (const auto& [shape, form] : cellpose(Precision::fp32))
        EXPECT_TRUE(library->knows(shape, {})) << shape.text();
}

INSTANTIATE_TEST_SUITE_P(Devices, Paper, testing::ValuesIn(described_devices()),
                         [](const auto& device) { return device.param; });

TEST(PaperDevice, MustBeDescribedInFull) {
    EXPECT_THROW(open_described_kernels("{}", {}), DeviceError);
    EXPECT_THROW(open_described_kernels("no JSON", {}), DeviceError);
}

}  // namespace
}  // namespace cytofleet::cuda
