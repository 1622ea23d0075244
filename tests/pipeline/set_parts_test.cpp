// A set of files is one input, whichever of its files are met.
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "io/hash_pixels.hpp"
#include "io/reader.hpp"
#include "pipeline/catalogue.hpp"
#include "pipeline/discover.hpp"
#include "support/files.hpp"

namespace cytofleet {
namespace {

namespace fs = std::filesystem;
using test::TempDir;

const fs::path cases = fs::path(CYTOFLEET_TEST_DATA) / "cases";
const fs::path tiffs = fs::path(CYTOFLEET_TEST_DATA) / "tiff";

Catalogue catalogue_of(std::vector<fs::path> inputs) {
    RunOptions options;
    options.inputs = std::move(inputs);
    return make_catalogue(discover(options).files, options);
}

bool tells(const std::vector<std::string>& lines, const std::string& what) {
    for (const std::string& line : lines)
        if (line.find(what) != std::string::npos) return true;
    return false;
}

TEST(SetParts, AFolderWithASetHasOneInput) {
    for (const char* name : {"B_binary_only", "C_full_set"}) {
        SCOPED_TRACE(name);
        const Catalogue found = catalogue_of({cases / name});
        ASSERT_EQ(found.jobs.size(), 1U);
        EXPECT_TRUE(found.bad.empty());
        EXPECT_EQ(found.files.at(0).members.size(), 3U);
        EXPECT_EQ(found.scene(found.jobs[0]).t, 3);
        EXPECT_TRUE(tells(found.notes, "2 other inputs are part of it, too"));
    }
}

TEST(SetParts, EveryMemberAloneStandsForTheSetThatAnotherTiffDescribes) {
    const fs::path folder = cases / "B_binary_only";
    const std::string pixels = hash_pixels(*open_reader(folder / "acq_Ch1_000001.ome.tif"));
    for (const char* name : {"acq_Ch1_000002.ome.tif", "acq_Ch1_000003.ome.tif"}) {
        const Catalogue found = catalogue_of({folder / name});
        ASSERT_EQ(found.jobs.size(), 1U) << name;
        EXPECT_EQ(found.scene(found.jobs[0]).t, 3);
        EXPECT_EQ(hash_pixels(*open_reader(folder / name)), pixels);
    }
}

TEST(SetParts, WithItsCompanionInAnyOrderItIsOne) {
    EXPECT_EQ(catalogue_of({tiffs / "members.companion.ome", tiffs / "member_0.ome.tif",
                            tiffs / "member_2.ome.tif"})
                  .jobs.size(),
              1U);
    const TempDir dir;
    for (const char* name :
         {"member_0.ome.tif", "member_1.ome.tif", "member_2.ome.tif", "members.companion.ome"})
        fs::copy_file(tiffs / name, dir / name);
    fs::copy_file(tiffs / "pages.tif", dir / "other.tif");
    const Catalogue found = catalogue_of({dir.path(), dir / "members.companion.ome"});
    ASSERT_EQ(found.jobs.size(), 2U);
    EXPECT_EQ(found.files[0].path.filename(), "member_0.ome.tif");
    EXPECT_EQ(found.files[1].path.filename(), "other.tif");
    EXPECT_TRUE(tells(found.notes, "members.companion.ome"));
}

TEST(SetParts, WhatLacksFilesIsOneAndSaysWhich) {
    const TempDir dir;
    for (const char* name : {"m_T0.ome.tif", "m_T2.ome.tif"})
        fs::copy_file(cases / "C_full_set" / name, dir / name);
    Catalogue found = catalogue_of({dir.path()});
    ASSERT_EQ(found.jobs.size(), 1U);
    EXPECT_EQ(found.scene(found.jobs[0]).missing_frames, (std::vector<std::int64_t>{1}));
    EXPECT_EQ(missing_frames(found), 1);
    EXPECT_TRUE(tells(found.notes, "m_T1.ome.tif"));
    // A broken one is named, and is no more than missing.
    test::write_file(dir / "m_T1.ome.tif", "II*");
    found = catalogue_of({dir.path()});
    ASSERT_EQ(found.jobs.size(), 1U);
    ASSERT_EQ(found.bad.size(), 1U);
    EXPECT_EQ(found.bad[0].file.filename(), "m_T1.ome.tif");
    EXPECT_EQ(missing_frames(found), 1);
}

TEST(SetParts, ADescriptionThatDoesNotNameTheFileLeavesItsPages) {
    const TempDir dir;
    fs::copy_file(cases / "B_binary_only" / "acq_Ch1_000002.ome.tif", dir / "stranger.ome.tif");
    fs::copy_file(cases / "B_binary_only" / "acq_Ch1_000001.ome.tif",
                  dir / "acq_Ch1_000001.ome.tif");
    const Catalogue found = catalogue_of({dir / "stranger.ome.tif"});
    ASSERT_EQ(found.jobs.size(), 1U);
    EXPECT_EQ(found.scene(found.jobs[0]).t, 1);
    EXPECT_TRUE(tells(found.notes, "which does not describe it"));
    // One that refers to itself or in circles describes nothing.
    fs::copy_file(cases / "B_binary_only" / "acq_Ch1_000003.ome.tif",
                  dir / "acq_Ch1_000001.ome.tif", fs::copy_options::overwrite_existing);
    EXPECT_EQ(catalogue_of({dir / "acq_Ch1_000001.ome.tif"}).jobs.size(), 1U);
}

TEST(SetParts, TheGrowingDescriptionsOfAnAcquisitionAreItsLargestSet) {
    // The first file knows itself alone; later ones know all before them.
    const TempDir dir;
    fs::copy_file(tiffs / "set_1.ome.tif", dir / "set_1.ome.tif");
    fs::copy_file(tiffs / "set_2.ome.tif", dir / "set_2.ome.tif");
    fs::copy_file(tiffs / "pages.tif", dir / "set_0.ome.tif");  // says nothing of the set
    const Catalogue found = catalogue_of({dir.path()});
    ASSERT_EQ(found.jobs.size(), 1U);
    EXPECT_EQ(found.files[0].members.size(), 3U);
    EXPECT_EQ(found.files[0].path.filename(), "set_1.ome.tif");
}

}  // namespace
}  // namespace cytofleet
