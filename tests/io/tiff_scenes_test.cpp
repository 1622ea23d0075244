// Axes, sizes, names and pixels of the files that tests/data/tiff/make_tiffs.py wrote, against
// tifffile.
#include <ctime>
#include <fstream>
#include <map>
#include <string>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "io/hash_pixels.hpp"
#include "io/reader.hpp"
#include "io/tiff_bytes.hpp"
#include "io/wanted_axes.hpp"
#include "support/files.hpp"

namespace cytofleet {
namespace {

namespace fs = std::filesystem;

fs::path data(const std::string& name) {
    return fs::path(CYTOFLEET_TEST_DATA) / "tiff" / name;
}

// The axes longer than 1 and their sizes, as tifffile lists them.
std::string dimensions(const SceneInfo& info) {
    const std::map<char, std::int64_t> sizes = {{'T', info.t}, {'C', info.c}, {'Z', info.z},
                                                {'Y', info.y}, {'X', info.x}, {'S', info.samples}};
    std::string text;
    for (const char axis : info.axes) {
        if (sizes.at(axis) > 1) text += axis + std::to_string(sizes.at(axis)) + " ";
    }
    return text;
}

TEST(TiffScenes, PixelsAxesAndTypesAreTifffiles) {
    std::ifstream file(data("expected.json"));
    const auto expected = nlohmann::json::parse(file);
    ASSERT_GT(expected.size(), 15U);
    for (const auto& [name, series] : expected.items()) {
        SCOPED_TRACE(name);
        const auto reader = open_reader(data(name));
        const auto& scenes = reader->info().scenes;
        ASSERT_EQ(scenes.size(), series.size());
        for (std::size_t i = 0; i < scenes.size(); ++i) {
            std::string axes = series[i][0];
            std::string wanted;
            for (std::size_t k = 0; k < axes.size(); ++k) {
                // Pages that nobody names are time points.
                const char axis = axes[k] == 'I' || axes[k] == 'Q' ? 'T' : axes[k];
                wanted += axis + std::to_string(series[i][1][k].get<int>()) + " ";
            }
            EXPECT_EQ(dimensions(scenes[i]), wanted);
            EXPECT_EQ(name_of(scenes[i].type), series[i][2].get<std::string>());
            EXPECT_EQ(hash_pixels(*reader, static_cast<std::int64_t>(i)),
                      series[i][3].get<std::string>());
        }
    }
}

TEST(TiffScenes, OmeMetadata) {
    const auto reader = open_reader(data("metadata.tif"));
    const FileInfo& info = reader->info();
    EXPECT_EQ(info.format, "OME-TIFF");
    EXPECT_EQ(info.compression, "deflate");
    EXPECT_TRUE(info.warnings.empty());
    EXPECT_EQ(info.members, std::vector<fs::path>{data("metadata.tif")});
    ASSERT_EQ(info.scenes.size(), 2U);
    const SceneInfo& first = info.scenes[0];
    EXPECT_EQ(first.name, "first");
    EXPECT_DOUBLE_EQ(first.pixel_size.x.value(), 0.065);
    EXPECT_DOUBLE_EQ(first.pixel_size.y.value(), 0.065);
    EXPECT_FALSE(first.pixel_size.z.has_value());  // -1 in the file
    EXPECT_DOUBLE_EQ(first.time_increment.value(), 1.5);
    EXPECT_EQ(first.acquired.value(), "2021-03-04T05:06:07");
    EXPECT_EQ(first.channel_names, (std::vector<std::string>{"Brightfield", "GFP"}));
    EXPECT_TRUE(first.missing_frames.empty());
    EXPECT_EQ(info.scenes[1].name, "second");
    EXPECT_FALSE(info.scenes[1].pixel_size.x.has_value());
}

TEST(TiffScenes, AbortedAcquisitionListsItsMissingFrames) {
    const auto reader = open_reader(data("aborted.ome.tif"));
    const SceneInfo& info = reader->info().scenes.at(0);
    EXPECT_EQ(info.t, 5);
    EXPECT_EQ(info.missing_frames, (std::vector<std::int64_t>{3, 4}));
    ASSERT_EQ(reader->info().warnings.size(), 1U);
    PlaneId plane;
    plane.t = 2;
    plane.c = 1;
    EXPECT_TRUE(reader->present(plane));
    EXPECT_EQ(reader->read(plane).bytes, open_reader(data("whole.ome.tif"))->read(plane).bytes);
    plane.t = 3;
    EXPECT_FALSE(reader->present(plane));
    EXPECT_THROW(reader->read(plane), Error);
}

TEST(TiffScenes, HistoryIsTheVLabAppAnnotationsInFileOrder) {
    const auto reader = open_reader(data("reversed.tif"));
    EXPECT_EQ(reader->info().history,
              (std::vector<std::string>{"newest log\nline two", "Metadata for x"}));
}

TEST(TiffScenes, EveryMemberOpensTheWholeSet) {
    const std::string hash = hash_pixels(*open_reader(data("set_1.ome.tif")));
    for (const std::string name :
         {"set_0.ome.tif", "set_2.ome.tif", "member_0.ome.tif", "member_1.ome.tif",
          "member_2.ome.tif", "members.companion.ome"}) {
        SCOPED_TRACE(name);
        const auto reader = open_reader(data(name));
        EXPECT_EQ(hash_pixels(*reader), hash);
        EXPECT_EQ(reader->info().members.size(), 3U);
        EXPECT_TRUE(reader->info().warnings.empty());
    }
}

TEST(TiffScenes, SetWithAMissingFileGivesTheRest) {
    const test::TempDir folder;
    fs::copy_file(data("set_0.ome.tif"), folder / "set_0.ome.tif");
    fs::copy_file(data("set_2.ome.tif"), folder / "renamed.tif");
    const auto reader = open_reader(folder / "renamed.tif");
    EXPECT_EQ(reader->info().scenes.at(0).missing_frames, (std::vector<std::int64_t>{2, 3}));
    ASSERT_EQ(reader->info().warnings.size(), 2U);
    EXPECT_NE(reader->info().warnings[1].find("set_1.ome.tif"), std::string::npos);
    PlaneId plane;
    plane.t = 5;
    EXPECT_EQ(reader->read(plane).bytes, open_reader(data("set_2.ome.tif"))->read(plane).bytes);
}

TEST(TiffScenes, MetadataFileThatIsNotThereLeavesThePages) {
    const test::TempDir folder;
    fs::copy_file(data("member_1.ome.tif"), folder / "member_1.ome.tif");
    const auto reader = open_reader(folder / "member_1.ome.tif");
    EXPECT_EQ(reader->info().scenes.at(0).t, 2);
    ASSERT_EQ(reader->info().warnings.size(), 1U);
    EXPECT_NE(reader->info().warnings[0].find("members.companion.ome"), std::string::npos);
}

TEST(TiffScenes, RgbIsNamedAndItsSamplesAreReadOneByOne) {
    const auto chunky = open_reader(data("rgb.ome.tif"));
    EXPECT_EQ(chunky->info().scenes.at(0).samples, 3);
    EXPECT_EQ(chunky->info().scenes.at(0).c, 1);
    EXPECT_EQ(chunky->info().scenes.at(0).axes.back(), 'S');
    // The ramp grows by 7 along T, 13 along Y, 19 along X and 25 along S.
    PlaneId plane;
    plane.t = 1;
    plane.sample = 2;
    const Image image = chunky->read(plane);
    EXPECT_EQ(std::to_integer<int>(image.bytes[0]), (2 * 7 + 13 + 19 + 3 * 25) % 256);
    EXPECT_EQ(std::to_integer<int>(image.bytes[5]), (2 * 7 + 2 * 13 + 19 + 3 * 25) % 256);
    const auto planar = open_reader(data("rgb_planar.tif"));
    EXPECT_EQ(planar->info().scenes.at(0).axes, "TSYX");
    EXPECT_EQ(std::to_integer<int>(planar->read(plane).bytes[1]),
              (2 * 7 + 3 * 13 + 19 + 2 * 25) % 256);
}

TEST(TiffScenes, ImageJMetadata) {
    for (const std::string name : {"hyperstack.tif", "one_directory.tif"}) {
        const auto reader = open_reader(data(name));
        const SceneInfo& info = reader->info().scenes.at(0);
        EXPECT_EQ(reader->info().format, "ImageJ TIFF");
        EXPECT_EQ(info.axes, "TZCYX");
        EXPECT_NEAR(info.pixel_size.x.value(), 0.325, 1e-6);
        EXPECT_NEAR(info.pixel_size.y.value(), 0.325, 1e-6);
        EXPECT_DOUBLE_EQ(info.pixel_size.z.value(), 0.5);
        EXPECT_DOUBLE_EQ(info.time_increment.value(), 2.5);
        if (name == "hyperstack.tif") {
            EXPECT_EQ(info.channel_names, (std::vector<std::string>{"DIC", "GFP"}));
        }
    }
}

std::unique_ptr<Reader> open_as(const fs::path& path, const std::string& axes) {
    ReaderOptions options;
    options.axes = axes;
    return open_reader(path, options);
}

TEST(TiffScenes, PagesThatNobodyNamesAreWhatTheUserSays) {
    for (const std::string axis : {"T", "Z", "C"}) {
        const auto reader = open_as(data("pages.tif"), axis);
        const SceneInfo& info = reader->info().scenes.at(0);
        EXPECT_EQ(info.axes, axis == "T" ? "TYX" : axis + "YX");
        EXPECT_EQ(axis == "T" ? info.t : axis == "Z" ? info.z : info.c, 4);
        EXPECT_EQ(info.t * info.c * info.z, 4);
    }
    EXPECT_THROW(open_as(data("pages.tif"), "TC"), Error);  // 4 x 1, 1 x 4 or 2 x 2?
    const auto sized = open_as(data("pages.tif"), "t2CYX");
    EXPECT_EQ(dimensions(sized->info().scenes.at(0)), "T2 C2 Y6 X5 ");
    EXPECT_THROW(open_as(data("pages.tif"), "T3C"), Error);
    EXPECT_THROW(open_as(data("pages.tif"), "T5"), Error);
}

TEST(TiffScenes, AxesThatTheUserGivesWinOverThoseOfEveryFormat) {
    const fs::path cases = fs::path(CYTOFLEET_TEST_DATA) / "cases";
    for (const fs::path& file : {cases / "D_imagej_slices.tif", cases / "J_stk_t.stk",
                                 cases / "L_deltat.ome.tif", data("shaped.tif")}) {
        SCOPED_TRACE(file);
        const auto plain = open_reader(file);
        const std::string pixels = hash_pixels(*plain);
        for (const std::string axes : {"TYX", "Z", "cyx"}) {
            const auto reader = open_as(file, axes);
            const SceneInfo& info = reader->info().scenes.at(0);
            const std::int64_t planes =
                plain->info().scenes[0].t * plain->info().scenes[0].c * plain->info().scenes[0].z;
            EXPECT_GT(planes, 1);
            EXPECT_EQ(axes[0] == 'T' ? info.t : axes[0] == 'Z' ? info.z : info.c, planes) << axes;
            EXPECT_EQ(info.t * info.c * info.z, planes);
            EXPECT_EQ(hash_pixels(*reader), pixels);
        }
    }
    // It is said, and told in the log of the result.
    const auto reader = open_as(cases / "D_imagej_slices.tif", "T");
    ASSERT_EQ(reader->info().warnings.size(), 1U);
    EXPECT_EQ(reader->info().warnings[0],
              "its axes Z 6, Y 64, X 64 are taken as T 6, Y 64, X 64 (--axes)");
    // Two axes: by their order, never merged without a word.
    const auto both = open_as(data("hyperstack.tif"), "ZTCYX");
    EXPECT_EQ(both->info().scenes.at(0).z, 3);
    EXPECT_EQ(hash_pixels(*both), hash_pixels(*open_reader(data("hyperstack.tif"))));
    EXPECT_THROW(open_as(data("hyperstack.tif"), "T"), Error);
    EXPECT_EQ(open_as(data("hyperstack.tif"), "T12")->info().scenes.at(0).t, 12);
    // Axes that the file lacks have one element.
    EXPECT_EQ(open_as(cases / "L_deltat.ome.tif", "TZCYX")->info().scenes.at(0).t, 6);
}

TEST(TiffScenes, AxesMayTurnPagesInsideOut) {
    // 4 pages of 3 x 5: the channels may lie in the pages' columns.
    const auto pages = open_reader(data("pages.tif"));
    const auto turned = open_as(data("pages.tif"), "YXC");
    const SceneInfo& was = pages->info().scenes.at(0);
    const SceneInfo& info = turned->info().scenes.at(0);
    EXPECT_EQ(info.y, was.t);
    EXPECT_EQ(info.x, was.y);
    EXPECT_EQ(info.c, was.x);
    const std::size_t size = size_of(was.type);
    PlaneId plane;
    plane.c = 2;
    const Image image = turned->read(plane);
    for (std::int64_t t = 0; t < was.t; ++t) {
        PlaneId page;
        page.t = t;
        const Image rows = pages->read(page);
        for (std::int64_t y = 0; y < was.y; ++y)
            EXPECT_EQ(image.bytes.at(static_cast<std::size_t>(t * was.y + y) * size),
                      rows.bytes.at(static_cast<std::size_t>(y * was.x + 2) * size));
    }
    // Samples stay colours, unless a letter stands in their place.
    EXPECT_EQ(open_as(data("rgb.ome.tif"), "TYX")->info().scenes.at(0).samples, 3);
    EXPECT_EQ(open_as(data("rgb.ome.tif"), "TYXC")->info().scenes.at(0).c, 3);
    EXPECT_EQ(hash_pixels(*open_as(data("rgb.ome.tif"), "TYXC")),
              hash_pixels(*open_reader(data("rgb.ome.tif"))));
}

TEST(WantedAxes, NonsenseIsAnErrorOfTheCommandLine) {
    for (const char* text : {"", "Q", "TT", "TY", "YXS0", "T99999999999", "S", "T-1", "T6 C2", "6"})
        EXPECT_THROW(parse_axes(text), Error) << text;
}

TEST(TiffScenes, PagesOfTwoSizesAreTwoScenes) {
    const auto reader = open_reader(data("two_sizes.tif"));
    ASSERT_EQ(reader->info().scenes.size(), 2U);
    EXPECT_EQ(reader->info().scenes[0].y, 6);
    EXPECT_EQ(reader->info().scenes[1].y, 3);
    EXPECT_EQ(reader->info().warnings.size(), 1U);
}

TEST(TiffScenes, ChannelsInsideTheRowsAreTakenApart) {
    const auto reader = open_reader(data("scattered.tif"));
    const SceneInfo& info = reader->info().scenes.at(0);
    EXPECT_EQ(info.axes, "ZYXC");
    EXPECT_EQ(info.c, 2);
    PlaneId plane;
    plane.z = 3;
    plane.c = 1;
    const Image image = reader->read(plane);
    ASSERT_EQ(image.bytes.size(), 30U);
    EXPECT_EQ(std::to_integer<int>(image.bytes[7]), (4 * 7 + 2 * 13 + 3 * 19 + 2 * 25) % 256);
}

TEST(TiffScenes, ASetsFileThatIsAnothersLinkIsLeftOut) {
    if (geteuid() != 0) GTEST_SKIP() << "only root can give files away";
    const test::TempDir folder;
    for (const char* name : {"set_0.ome.tif", "set_1.ome.tif"})
        fs::copy_file(data(name), folder / name);
    fs::copy_file(data("set_2.ome.tif"), folder / "private");
    fs::create_symlink("private", folder / "set_2.ome.tif");
    EXPECT_EQ(open_reader(folder / "set_0.ome.tif")->info().members.size(), 3U);
    ASSERT_EQ(lchown((folder / "set_2.ome.tif").c_str(), 4002, 4002), 0);
    const auto reader = open_reader(folder / "set_0.ome.tif");
    EXPECT_EQ(reader->info().members.size(), 2U);
    EXPECT_NE(reader->info().warnings.at(0).find("\"set_2.ome.tif\" of its set is a link"),
              std::string::npos)
        << reader->info().warnings.at(0);
}

/// The time in which a plane of 512 x 512, in pages of 16 x 16, is read.
double seconds_to_read(const fs::path& path, const std::string& axes) {
    constexpr std::uint32_t side = 16;
    constexpr std::uint32_t pages = 1024;
    const std::string description = "{\"shape\": [512, 512], \"axes\": \"" + axes + "\"}";
    test::Bytes file;
    file.text("II*").text(std::string(1, '\0')).u32(8 + side * side + 64);
    file.text(std::string(side * side, 'p'));
    file.text(description + std::string(64 - description.size(), '\0'));
    for (std::uint32_t page = 0; page < pages; ++page) {
        const std::uint32_t size = 2 + 9 * 12 + 4;
        const std::uint32_t next = page + 1 < pages ? file.size() + size : 0;
        test::add_directory(file, side, side, 8, next, 64, 8 + side * side);
    }
    test::write_file(path, file.get());
    const auto reader = open_reader(path);
    EXPECT_EQ(reader->info().format, "shaped TIFF");
    EXPECT_EQ(reader->info().scenes.at(0).y, 512);
    const std::clock_t begin = std::clock();
    const Image image = reader->read({});
    const auto spent = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    EXPECT_EQ(image.bytes, std::vector<std::byte>(512 * 512, std::byte{'p'}));
    return spent;
}

TEST(TiffScenes, EachPageOfAShapedFileIsReadOnceWhateverTheOrderOfAxes) {
    const test::TempDir folder;
    const double rows = seconds_to_read(folder / "rows.tif", "YX");
    const double columns = seconds_to_read(folder / "columns.tif", "XY");
    EXPECT_LT(columns, 20 * rows + 0.05);
}

}  // namespace
}  // namespace cytofleet
