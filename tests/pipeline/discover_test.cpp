#include "pipeline/discover.hpp"

#include <filesystem>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "support/files.hpp"

namespace cytofleet {
namespace {

namespace fs = std::filesystem;
using test::TempDir;
using test::write_file;

std::vector<std::string> names(const Discovery& found) {
    std::vector<std::string> out;
    for (const auto& file : found.files) out.push_back(file.filename());
    return out;
}

TEST(SplitName, TakesOmeWithTheExtension) {
    EXPECT_EQ(split_name("d/a.tif").stem, "a");
    EXPECT_EQ(split_name("d/a.ome.tif").stem, "a");
    EXPECT_EQ(split_name("d/a.ome.tif").extension, ".ome.tif");
    EXPECT_EQ(split_name("a.OME.TIFF").stem, "a");
    EXPECT_EQ(split_name("a.b.tif").stem, "a.b");
    EXPECT_EQ(split_name(".ome.tif").stem, ".ome");
    EXPECT_EQ(split_name(".ome.tif").extension, ".tif");
    EXPECT_EQ(split_name("plain").extension, "");
}

TEST(OwnOutput, IsRecognisedByNameAlone) {
    EXPECT_TRUE(is_own_output("a_vSM.ome.tif"));
    EXPECT_TRUE(is_own_output("a_BF_vSMx-1.ome.tif"));
    EXPECT_FALSE(is_own_output("a_vSM.tif"));
    EXPECT_FALSE(is_own_output("a_vSM_b.ome.tif"));
    EXPECT_FALSE(is_own_output("a.ome.tif"));
}

TEST(Discover, FoldersAreFilteredSortedAndExplained) {
    const TempDir dir;
    for (const char* name : {"s10_BF.tif", "s9_BF.TIF", "s1_BF.ome.tiff", "s1_GFP.tif", "notes.txt",
                             "s9_BF_vSM.ome.tif", "._s9_BF.tif"})
        write_file(dir / name, "x");
    fs::create_directories(dir / "sub");
    write_file(dir / "sub" / "deep_BF.tif", "x");
    RunOptions options;
    options.inputs = {dir.path()};
    options.include = {"_BF"};
    const Discovery found = discover(options);
    EXPECT_EQ(names(found),
              (std::vector<std::string>{"s1_BF.ome.tiff", "s9_BF.TIF", "s10_BF.tif"}));
    EXPECT_EQ(found.notes.size(), 4U);  // extension, macOS, own output, --include
    options.recursive = true;
    EXPECT_EQ(discover(options).files.size(), 4U);
}

TEST(Discover, LinksThatLeadNowhereAreNamedAndTheRestIsTaken) {
    const TempDir dir;
    write_file(dir / "a.tif", "x");
    fs::create_symlink("gone", dir / "b.tif");
    fs::create_symlink("c.tif", dir / "c.tif");     // to itself
    fs::create_symlink("gone", dir / "notes.txt");  // nobody asks for it
    RunOptions options;
    options.inputs = {dir.path()};
    Discovery found = discover(options);
    EXPECT_EQ(names(found), (std::vector<std::string>{"a.tif"}));
    ASSERT_EQ(found.bad.size(), 2U);
    for (const auto& [file, reason] : found.bad)
        EXPECT_NE(reason.find("is a link to"), std::string::npos) << reason;
    options.inputs = {dir / "b.tif", dir / "a.tif"};
    found = discover(options);
    EXPECT_EQ(names(found), (std::vector<std::string>{"a.tif"}));
    EXPECT_EQ(found.bad.at(0).first, dir / "b.tif");
    options.inputs = {dir / "never.tif", dir / "a.tif"};
    EXPECT_THROW(discover(options), Error);  // a name mistyped
}

TEST(Discover, ResultsOfCellposeAreLeftOutUnlessNamed) {
    const TempDir dir;
    for (const char* name : {"img.tif", "img_masks.tif", "img_cp_masks.tif", "img_flows.tif",
                             "img_cp_output.tif", "img_cellprob.tif", "img_dP.tif", "masks.tif"})
        write_file(dir / name, "x");
    RunOptions options;
    options.inputs = {dir.path()};
    const Discovery found = discover(options);
    EXPECT_EQ(names(found), (std::vector<std::string>{"img.tif", "masks.tif"}));
    ASSERT_EQ(found.notes.size(), 1U);
    EXPECT_NE(found.notes[0].find("left out 6 files that Cellpose has written"), std::string::npos);
    options.inputs = {dir / "img_masks.tif"};
    EXPECT_EQ(discover(options).files.size(), 1U);
}

TEST(Discover, ANamedFileIsAlwaysTaken) {
    const TempDir dir;
    write_file(dir / "odd.dat", "x");
    RunOptions options;
    options.inputs = {dir / "odd.dat", dir / "." / "odd.dat"};
    options.include = {"_BF"};
    EXPECT_EQ(names(discover(options)), std::vector<std::string>{"odd.dat"});
}

TEST(Discover, NothingLeftNamesTheFilter) {
    const TempDir dir;
    write_file(dir / "a.tif", "x");
    RunOptions options;
    options.inputs = {dir.path()};
    options.include = {"_BF"};
    try {
        discover(options);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::usage);
        EXPECT_NE(std::string(error.what()).find("--include"), std::string::npos);
    }
    options.inputs = {dir / "missing.tif"};
    EXPECT_THROW(discover(options), Error);
    options.inputs = {};
    EXPECT_THROW(discover(options), Error);
}

TEST(OutputStem, FollowsTheSeedApplicationsNames) {
    RunOptions options;
    EXPECT_EQ(output_stem("d/smp01_BF.ome.tif", options, -1), "d/smp01_BF_vSM");
    EXPECT_EQ(output_stem("smp01_BF.tif", options, -1), "./smp01_BF_vSM");
    options.suffix = "x-1";
    options.output_dir = "out";
    EXPECT_EQ(mask_path(output_stem("d/smp01.tif", options, -1)), "out/smp01_vSMx-1.ome.tif");
    EXPECT_EQ(log_path(output_stem("d/smp01.tif", options, 1)), "out/smp01_S02_vSMx-1.log");
}

TEST(Discover, LinksAreFollowedForTheirOwnersOnly) {
    const TempDir dir;
    write_file(dir / "private", "x");
    fs::create_directory(dir / "in");
    fs::create_symlink("../private", dir / "in" / "own.tif");
    fs::create_symlink("own.tif", dir / "in" / "own2.tif");
    RunOptions options;
    options.inputs = {dir / "in"};
    EXPECT_EQ(names(discover(options)), (std::vector<std::string>{"own.tif", "own2.tif"}));
    if (geteuid() != 0) GTEST_SKIP() << "only root can give files away";
    for (const char* name : {"theirs.tif", "theirs2.tif"}) {
        fs::create_symlink(name[6] == '.' ? "../private" : "own.tif", dir / "in" / name);
        ASSERT_EQ(lchown((dir / "in" / name).c_str(), 4002, 4002), 0);
    }
    fs::create_symlink("theirs.tif", dir / "in" / "by way of theirs.tif");
    const Discovery found = discover(options);
    EXPECT_EQ(names(found), (std::vector<std::string>{"own.tif", "own2.tif"}));
    ASSERT_EQ(found.notes.size(), 1U);
    EXPECT_NE(found.notes[0].find("3 files that are links"), std::string::npos) << found.notes[0];
    // Their own files they may link to, and what is named is taken.
    ASSERT_EQ(chown((dir / "private").c_str(), 4002, 4002), 0);
    EXPECT_EQ(discover(options).files.size(), 5U);
    options.inputs = {dir / "in" / "theirs.tif"};
    EXPECT_EQ(reader_options(options, options.inputs[0]).route.links, Links::all);
    EXPECT_EQ(reader_options(options, dir / "in" / "own.tif").route.links, Links::of_owners);
}

TEST(Discover, BeyondANamedFolderNoFolderMayBecomeALink) {
    RunOptions options;
    options.inputs = {"data", "data/far/", "data/a.tif"};
    const auto below = [&](const char* file) { return reader_options(options, file).route.below; };
    EXPECT_EQ(below("data/b.tif"), "data");
    EXPECT_EQ(below("data/sub/b.tif"), "data");
    EXPECT_EQ(below("data/far/b.tif"), "data/far/");
    EXPECT_EQ(below("data/far/deep/b.tif"), "data/far/");
    EXPECT_EQ(below("data/a.tif"), "");
    options.inputs = {"."};
    EXPECT_EQ(below("./sub/b.tif"), ".");
}

}  // namespace
}  // namespace cytofleet
