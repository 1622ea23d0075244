// --device and --precision.
#include <gtest/gtest.h>

#include "app/options.hpp"
#include "base/error.hpp"
#include "models/gpu.hpp"

namespace cytofleet {
namespace {

RunOptions parse(std::vector<std::string> more) {
    more.insert(more.begin(), {"--model", "demo", "in.tif"});
    return parse_run(more).run;
}

TEST(DeviceOptions, WordsAndDefaults) {
    EXPECT_EQ(parse({}).device, DeviceChoice::automatic);
    EXPECT_EQ(parse({}).precision, PrecisionChoice::automatic);
    EXPECT_EQ(parse({"--device", "cpu"}).device, DeviceChoice::cpu);
    EXPECT_EQ(parse({"--device", "cpu", "--precision", "fp32"}).precision, PrecisionChoice::fp32);
    EXPECT_THROW(parse({"--device", "tpu"}), Error);
    EXPECT_THROW(parse({"--precision", "int8"}), Error);
    EXPECT_THROW(parse({"--device", "cpu", "--precision", "fp16"}), Error);
}

TEST(DeviceOptions, AGpuOnlyWhereTheBuildCan) {
    if (built_for_gpu()) {
        EXPECT_EQ(parse({"--device", "gpu", "--precision", "fp16"}).precision,
                  PrecisionChoice::fp16);
        return;
    }
    EXPECT_THROW(parse({"--device", "gpu"}), Error);
    EXPECT_THROW(parse({"--precision", "tf32"}), Error);
}

}  // namespace
}  // namespace cytofleet
