// Options of runs that are stopped, resumed and shared, and of their results' format.
#include <gtest/gtest.h>

#include "app/options.hpp"
#include "base/error.hpp"
#include "io/hdf5/hdf5_labels.hpp"

namespace cytofleet {
namespace {

RunOptions parse(std::vector<std::string> more) {
    std::vector<std::string> arguments{"--model", "demo", "a.tif"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return parse_run(arguments).run;
}

std::string usage_error(std::vector<std::string> more) {
    try {
        parse(std::move(more));
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::usage);
        return error.what();
    }
    return "no error";
}

TEST(LongRunOptions, DefaultsResumeAndTryThrice) {
    const RunOptions run = parse({});
    EXPECT_TRUE(run.resume);
    EXPECT_FALSE(run.retry_quarantined);
    EXPECT_FALSE(run.fail_fast);
    EXPECT_FALSE(run.verify_inputs);
    EXPECT_EQ(run.max_attempts, 3);
    EXPECT_EQ(run.max_seconds, 0);
    EXPECT_TRUE(run.shard.alone());
    EXPECT_EQ(run.format, OutputFormat::tiff);
    EXPECT_TRUE(run.collect.empty());
    EXPECT_EQ(run.command, (std::vector<std::string>{"--model", "demo", "a.tif"}));
}

TEST(LongRunOptions, Arrive) {
    const RunOptions run = parse({"--no-resume", "--retry-quarantined", "--fail-fast",
                                  "--verify-inputs", "--max-attempts", "5"});
    EXPECT_FALSE(run.resume);
    EXPECT_TRUE(run.retry_quarantined);
    EXPECT_TRUE(run.fail_fast);
    EXPECT_TRUE(run.verify_inputs);
    EXPECT_EQ(run.max_attempts, 5);
}

TEST(LongRunOptions, TimesAreHoursMinutesSeconds) {
    EXPECT_EQ(parse({"--max-time", "11:45:30"}).max_seconds, 11 * 3600 + 45 * 60 + 30);
    EXPECT_EQ(parse({"--max-time", "30:00"}).max_seconds, 1800);
    EXPECT_EQ(parse({"--max-time", "90"}).max_seconds, 90);
    for (const char* wrong : {"", "0", "0:00", "1:2:3:4", "1::2", "x", "-5", "1.5", "1:-2", ":",
                              "99999999999999999999"})
        EXPECT_NE(usage_error({"--max-time=" + std::string(wrong)}).find("--max-time"),
                  std::string::npos)
            << wrong;
}

TEST(LongRunOptions, ShardsCountFromOne) {
    EXPECT_EQ(parse({"--shard", "1/8"}).shard.index, 0);
    EXPECT_EQ(parse({"--shard", "8/8"}).shard.index, 7);
    EXPECT_EQ(parse({"--shard", "8/8"}).shard.count, 8);
    EXPECT_TRUE(parse({"--shard", "1/1"}).shard.alone());
    for (const char* wrong : {"0/8", "9/8", "1", "1/0", "/", "a/b", "1/2/3", "-1/2"})
        EXPECT_NE(usage_error({"--shard=" + std::string(wrong)}).find("--shard"), std::string::npos)
            << wrong;
    EXPECT_NE(usage_error({"--shard", "1/2", "--no-resume"}).find("--no-resume"),
              std::string::npos);
}

TEST(LongRunOptions, FormatsNeedWhatTheyAreMadeOf) {
    if (!has_hdf5()) {
        EXPECT_NE(usage_error({"--format", "hdf5"}).find("no HDF5"), std::string::npos);
        EXPECT_NE(usage_error({"--collect", "all.h5"}).find("no HDF5"), std::string::npos);
        return;
    }
    EXPECT_EQ(parse({"--format", "hdf5"}).format, OutputFormat::hdf5);
    EXPECT_EQ(parse({"--format", "both", "--overlay"}).format, OutputFormat::both);
    EXPECT_EQ(parse({"--collect", "all.h5"}).collect, "all.h5");
    EXPECT_NE(usage_error({"--format", "hdf5", "--overlay"}).find("--overlay"), std::string::npos);
    EXPECT_NE(usage_error({"--format", "hdf5", "--collect", "all.h5"}).find("--collect"),
              std::string::npos);
    EXPECT_NE(usage_error({"--format", "zarr"}).find("tiff, hdf5, both"), std::string::npos);
}

}  // namespace
}  // namespace cytofleet
