#include "app/options.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace cytofleet {
namespace {

RunCommand parse(std::vector<std::string> more) {
    std::vector<std::string> arguments{"--model", "demo"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return parse_run(arguments);
}

std::string usage_error(std::vector<std::string> more) {
    try {
        parse(std::move(more));
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::usage);
        const std::string text = error.what();
        EXPECT_EQ(text.find('\n'), std::string::npos) << text;
        return text;
    }
    return "no error";
}

TEST(Options, DefaultsAreCellposes) {
    const RunCommand command = parse({"a.tif"});
    const CellposeSettings& s = command.run.cellpose;
    EXPECT_EQ(command.run.model, "demo");
    EXPECT_EQ(s.diameter, 0);
    EXPECT_EQ(s.masks.cellprob_threshold, 0.0F);
    EXPECT_EQ(s.masks.flow_threshold, 0.4);
    EXPECT_EQ(s.masks.min_size, 15);
    EXPECT_EQ(s.masks.max_size_fraction, 0.4);
    EXPECT_EQ(s.niter, 0);
    EXPECT_EQ(s.batch_size, 0);
    EXPECT_EQ(s.tile_overlap, 0.1);
    EXPECT_TRUE(s.resample);
    EXPECT_TRUE(s.masks.interpolate);
    EXPECT_FALSE(s.augment);
    EXPECT_EQ(s.masks.variant, Variant::cpu);
    EXPECT_EQ(command.run.existing, Existing::refuse);
    EXPECT_TRUE(command.run.include.empty());
    EXPECT_FALSE(command.threads.has_value());
}

TEST(Options, EveryOptionArrives) {
    const RunCommand command = parse({"--diameter",
                                      "17.5",
                                      "--cellprob-threshold",
                                      "-2",
                                      "--flow-threshold=0",
                                      "--min-size",
                                      "-1",
                                      "--max-size-fraction",
                                      "1",
                                      "--niter",
                                      "250",
                                      "--channel",
                                      "2",
                                      "--augment",
                                      "--tile-overlap",
                                      "0.3",
                                      "--no-resample",
                                      "--no-interp",
                                      "--invert",
                                      "--normalize-percentile",
                                      "0.5,99.9",
                                      "--dynamics",
                                      "cuda",
                                      "--output-dir",
                                      "out dir",
                                      "--suffix",
                                      "x-1",
                                      "--include",
                                      "_BF",
                                      "--include",
                                      "a,b",
                                      "--exclude",
                                      "bad",
                                      "--extensions",
                                      "tif,.OME.TIF",
                                      "--recursive",
                                      "--skip-existing",
                                      "--threads",
                                      "3",
                                      "--batch-size",
                                      "4",
                                      "--device",
                                      "cpu",
                                      "--partition",
                                      "frames",
                                      "--log-level",
                                      "warning",
                                      "--dry-run",
                                      "--overlay",
                                      "--axes",
                                      "Z",
                                      "one,two.tif",
                                      "dir"});
    const CellposeSettings& s = command.run.cellpose;
    EXPECT_EQ(s.diameter, 17.5);
    EXPECT_EQ(s.masks.cellprob_threshold, -2.0F);
    EXPECT_EQ(s.masks.flow_threshold, 0.0);
    EXPECT_EQ(s.masks.min_size, -1);
    EXPECT_EQ(s.masks.max_size_fraction, 1.0);
    EXPECT_EQ(s.niter, 250);
    EXPECT_EQ(command.run.channel, 2);
    EXPECT_TRUE(s.augment);
    EXPECT_EQ(s.tile_overlap, 0.3);
    EXPECT_FALSE(s.resample);
    EXPECT_FALSE(s.masks.interpolate);
    EXPECT_TRUE(s.normalize.invert);
    EXPECT_EQ(s.normalize.percentile[0], 0.5);
    EXPECT_EQ(s.normalize.percentile[1], 99.9);
    EXPECT_EQ(s.masks.variant, Variant::cuda);
    EXPECT_EQ(command.run.output_dir, "out dir");
    EXPECT_EQ(command.run.suffix, "x-1");
    EXPECT_EQ(command.run.include, (std::vector<std::string>{"_BF", "a,b"}));
    EXPECT_EQ(command.run.exclude, (std::vector<std::string>{"bad"}));
    EXPECT_EQ(command.run.extensions, (std::vector<std::string>{".tif", ".OME.TIF"}));
    EXPECT_TRUE(command.run.recursive);
    EXPECT_EQ(command.run.existing, Existing::skip);
    EXPECT_EQ(command.threads, 3);
    EXPECT_EQ(s.batch_size, 4);
    EXPECT_EQ(command.run.partition, Partition::frames);
    EXPECT_EQ(command.run.log_level, LogLevel::warning);
    EXPECT_TRUE(command.dry_run);
    EXPECT_TRUE(command.run.overlay);
    EXPECT_EQ(command.run.reader.axes, "Z");
    // A comma in a file's name is part of the name.
    ASSERT_EQ(command.run.inputs.size(), 2U);
    EXPECT_EQ(command.run.inputs[0], "one,two.tif");
}

TEST(Options, ErrorsNameTheOptionAndWhatItTakes) {
    EXPECT_NE(usage_error({"--diameter", "thirty"}).find("--diameter is thirty"),
              std::string::npos);
    EXPECT_NE(usage_error({"--diameter", "0,4"}).find("--diameter"), std::string::npos);
    EXPECT_NE(usage_error({"--diameter", "nan"}).find("--diameter"), std::string::npos);
    EXPECT_NE(usage_error({"--diameter", "-3"}).find("from 0"), std::string::npos);
    EXPECT_NE(usage_error({"--threads", "0"}).find("--threads is 0"), std::string::npos);
    EXPECT_NE(usage_error({"--batch-size", "2.5"}).find("whole number"), std::string::npos);
    EXPECT_NE(usage_error({"--tile-overlap", "0.6"}).find("from 0.05 to 0.5"), std::string::npos);
    EXPECT_NE(usage_error({"--normalize-percentile", "99,1"}).find("LOW"), std::string::npos);
    EXPECT_NE(usage_error({"--normalize-percentile", "5"}).find("LOW,HIGH"), std::string::npos);
    EXPECT_NE(usage_error({"--suffix", "a_b"}).find("--suffix is a_b"), std::string::npos);
    EXPECT_NE(usage_error({"--dynamics", "gpu"}).find("cpu, cuda"), std::string::npos);
    EXPECT_NE(usage_error({"--device", "gpu"}).find("no GPU support"), std::string::npos);
    EXPECT_NE(usage_error({"--overwrite", "--skip-existing"}).find("exclude each other"),
              std::string::npos);
    EXPECT_NE(usage_error({"--nonsense"}).find("nonsense"), std::string::npos);
    EXPECT_NE(usage_error({"--suffix"}).find("suffix"), std::string::npos);
}

TEST(Options, AMissingModelIsNamed) {
    EXPECT_THROW(parse_run({"a.tif"}), Error);
    try {
        parse_run({"a.tif"});
    } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("--model is missing"), std::string::npos);
    }
}

TEST(Options, HelpNamesEveryOptionOnce) {
    const std::string help = run_help();
    for (const char* option : {"--model ",
                               "--diameter",
                               "--cellprob-threshold",
                               "--flow-threshold",
                               "--min-size",
                               "--max-size-fraction",
                               "--niter",
                               "--channel",
                               "--augment",
                               "--tile-overlap",
                               "--no-resample",
                               "--no-interp",
                               "--invert",
                               "--normalize-percentile",
                               "--dynamics",
                               "--output-dir",
                               "--suffix",
                               "--include",
                               "--exclude",
                               "--extensions",
                               "--recursive",
                               "--overwrite",
                               "--skip-existing",
                               "--threads",
                               "--batch-size",
                               "--device",
                               "--partition",
                               "--log-level",
                               "--quiet",
                               "--dry-run"})
        EXPECT_NE(help.find(option), std::string::npos) << option;
    EXPECT_TRUE(parse_run({"--help"}).help);
}

}  // namespace
}  // namespace cytofleet
