// Files of the kinds that people report to other programs: what must hold for each.
#include <array>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <tiffio.h>

#include "base/error.hpp"
#include "io/hash_pixels.hpp"
#include "io/mask_writer.hpp"
#include "io/ome_writer.hpp"
#include "io/reader.hpp"
#include "io/tiff/ndtiff.hpp"
#include "io/tiff_bytes.hpp"
#include "support/files.hpp"

namespace cytofleet {
namespace {

namespace fs = std::filesystem;
using test::Bytes;

const fs::path cases = fs::path(CYTOFLEET_TEST_DATA) / "cases";

std::string error_of(const fs::path& path) {
    try {
        open_reader(path);
    } catch (const Error& error) {
        return error.what();
    }
    return {};
}

TEST(TiffCases, MetaMorphTimesMakeAMovieAndDistancesAStack) {
    const auto reader = open_reader(cases / "J_stk_t.stk");
    const SceneInfo& movie = reader->info().scenes.at(0);
    EXPECT_EQ(movie.axes, "TYX");
    EXPECT_EQ(movie.t, 6);
    ASSERT_TRUE(movie.time_increment.has_value());
    EXPECT_GT(*movie.time_increment, 0);
    // Planes of 2 x 2, six numbers for each: distance, day and time, twice.
    for (const std::uint32_t distance : {0U, 5U}) {
        Bytes file = test::small_page(8, 33629, 5, 3, test::small_page_pixels + 12);
        for (std::uint32_t i = 0; i < 3; ++i) file.u32(0x01010101U * i);
        for (std::uint32_t i = 0; i < 3; ++i)
            file.u32(distance).u32(10).u32(2450000).u32(1000 + 2500 * i).u32(0).u32(0);
        const test::TempDir folder;
        test::write_file(folder / "x.stk", file.get());
        const SceneInfo info = open_reader(folder / "x.stk")->info().scenes.at(0);
        EXPECT_EQ(info.t, distance == 0 ? 3 : 1);
        EXPECT_EQ(info.z, distance == 0 ? 1 : 3);
        EXPECT_EQ(info.time_increment.has_value(), distance == 0);
        if (info.time_increment) {
            EXPECT_DOUBLE_EQ(*info.time_increment, 2.5);
        }
        // A tag that reaches behind the end is not believed.
        test::write_file(folder / "cut.stk", file.get().substr(0, file.size() - 1));
        EXPECT_EQ(open_reader(folder / "cut.stk")->info().scenes.at(0).t, 3);
    }
}

TEST(TiffCases, TimesOfPlanesBecomeTheInterval) {
    const SceneInfo info = open_reader(cases / "L_deltat.ome.tif")->info().scenes.at(0);
    ASSERT_TRUE(info.time_increment.has_value());
    EXPECT_NEAR(*info.time_increment, 60, 0.6);
    EXPECT_TRUE(info.frame_times.empty());
}

// Pages of 2 x 2 bytes with a description.
std::string stack(const std::string& description, std::uint32_t pages) {
    constexpr std::uint32_t directory = 2 + 9 * 12 + 4;
    const auto length = static_cast<std::uint32_t>(description.size()) + 1;
    Bytes file;
    file.text("II").u16(42).u32(8 + length).text(description).text(std::string(1, '\0'));
    for (std::uint32_t i = 0; i < pages; ++i) {
        const std::uint32_t strip = file.size() + directory;
        test::add_directory(file, 2, 2, strip, i + 1 == pages ? 0 : strip + 4, length, 8);
        file.u32(0x03020100U + 0x04040404U * i);
    }
    return file.get();
}

std::string ome(int frames, const std::string& inside) {
    return "<OME xmlns=\"x\"><Image ID=\"I:0\"><Pixels ID=\"P:0\" DimensionOrder=\"XYZCT\" "
           "Type=\"uint8\" SizeX=\"2\" SizeY=\"2\" SizeZ=\"1\" SizeC=\"1\" SizeT=\"" +
           std::to_string(frames) + "\">" + inside + "</Pixels></Image></OME>";
}

TEST(TiffCases, IrregularTimesAreCarriedOver) {
    const test::TempDir folder;
    test::write_file(
        folder / "x.tif",
        stack(ome(3,
                  "<TiffData/><Plane TheT=\"0\" DeltaT=\"0\"/><Plane TheT=\"1\" "
                  "DeltaT=\"1500\" DeltaTUnit=\"ms\"/><Plane TheT=\"2\" DeltaT=\"9\"/>"),
              3));
    const SceneInfo info = open_reader(folder / "x.tif")->info().scenes.at(0);
    EXPECT_FALSE(info.time_increment.has_value());
    EXPECT_EQ(info.frame_times, (std::vector<double>{0, 1.5, 9}));
    MaskFile mask;
    mask.input = info;
    EXPECT_NE(ome_xml(mask).find("TheT=\"1\" DeltaT=\"1.5\" DeltaTUnit=\"s\""), std::string::npos);
}

TEST(TiffCases, ColoursOf48BitsAreSamplesOfOneFrame) {
    const auto reader = open_reader(cases / "E_rgb48_planar.tif");
    const SceneInfo& info = reader->info().scenes.at(0);
    EXPECT_EQ(info.samples, 3);
    EXPECT_EQ(info.c * info.t * info.z, 1);
    PlaneId plane;
    plane.sample = 2;
    EXPECT_EQ(reader->read(plane).bytes.size(), 64U * 64U * 2U);
}

// An ImageJ image of three colours of 16 bits that are announced as channels; sample s of pixel i
// is 10000 s + i.
void write_colours(const fs::path& path, const char* mode, bool planar, bool grey) {
    constexpr std::uint32_t side = 64;
    constexpr std::uint32_t pixels = side * side;
    TIFF* const tiff = TIFFOpen(path.c_str(), mode);
    ASSERT_NE(tiff, nullptr);
    TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, side);
    TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, side);
    TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, 16);
    TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, 3);
    TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, side);
    TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, planar ? PLANARCONFIG_SEPARATE : PLANARCONFIG_CONTIG);
    TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, grey ? PHOTOMETRIC_MINISBLACK : PHOTOMETRIC_RGB);
    if (grey) {
        const std::array<std::uint16_t, 2> extra{};
        TIFFSetField(tiff, TIFFTAG_EXTRASAMPLES, 2, extra.data());
    }
    TIFFSetField(tiff, TIFFTAG_IMAGEDESCRIPTION,
                 "ImageJ=1.52v\nimages=3\nchannels=3\nmode=grayscale\nloop=false\n");
    std::vector<std::uint16_t> values(planar ? pixels : 3 * pixels);
    for (std::uint32_t strip = 0; strip < (planar ? 3U : 1U); ++strip) {
        for (std::uint32_t i = 0; i < values.size(); ++i)
            values[i] =
                static_cast<std::uint16_t>(planar ? 10000 * strip + i : 10000 * (i % 3) + i / 3);
        EXPECT_GT(TIFFWriteEncodedStrip(tiff, strip, values.data(),
                                        static_cast<tmsize_t>(values.size() * 2)),
                  0);
    }
    TIFFClose(tiff);
}

TEST(TiffCases, ColoursOf48BitsAreSamplesHoweverTheyAreStored) {
    const test::TempDir folder;
    for (const char* const mode : {"wl", "wb", "wl8", "wb8"})
        for (const bool planar : {false, true})
            for (const bool grey : {false, true}) {
                SCOPED_TRACE(std::string(mode) + (planar ? " planar" : "") + (grey ? " grey" : ""));
                write_colours(folder / "x.tif", mode, planar, grey);
                const auto reader = open_reader(folder / "x.tif");
                const SceneInfo& info = reader->info().scenes.at(0);
                EXPECT_EQ(info.samples, 3);
                EXPECT_EQ(info.c * info.t * info.z, 1);
                EXPECT_TRUE(reader->info().warnings.empty());
                for (std::int64_t sample = 0; sample < 3; ++sample) {
                    PlaneId plane;
                    plane.sample = sample;
                    const Image image = reader->read(plane);
                    std::vector<std::uint16_t> values(64 * 64);
                    ASSERT_EQ(image.bytes.size(), 2 * values.size());
                    std::memcpy(values.data(), image.bytes.data(), image.bytes.size());
                    for (std::size_t i = 0; i < values.size(); ++i)
                        ASSERT_EQ(values[i], 10000 * sample + static_cast<std::int64_t>(i));
                }
            }
}

TEST(TiffCases, WhatLibtiffWasBuiltWithoutIsNotCalledDamage) {
    const std::string error = error_of(cases / "N_jpeg12.tif");
    if (error.empty()) return;  // a libtiff that decodes it
    EXPECT_NE(error.find("not supported"), std::string::npos) << error;
    EXPECT_NE(error.find("12"), std::string::npos) << error;
    EXPECT_EQ(error.find("damaged"), std::string::npos) << error;
}

TEST(TiffCases, OmeXmlThatContradictsItselfIsSaid) {
    const test::TempDir folder;
    test::write_file(
        folder / "x.tif",
        stack(ome(3, "<TiffData IFD=\"0\"/><TiffData IFD=\"1\"/><TiffData IFD=\"2\"/>"), 3));
    const FileInfo one_plane = open_reader(folder / "x.tif")->info();
    EXPECT_EQ(one_plane.scenes.at(0).missing_frames, (std::vector<std::int64_t>{1, 2}));
    EXPECT_NE(one_plane.warnings.at(0).find("contradicts itself"), std::string::npos);
    test::write_file(folder / "x.tif", stack(ome(2,
                                                 "<TiffData IFD=\"0\" FirstT=\"0\"/><TiffData "
                                                 "IFD=\"0\" FirstT=\"1\"/>"),
                                             2));
    const FileInfo one_page = open_reader(folder / "x.tif")->info();
    EXPECT_NE(one_page.warnings.at(0).find("contradicts itself"), std::string::npos);
}

TEST(TiffCases, LsmAxesAreRead) {
    // Four pages and their thumbnails: two time points of two slices.
    constexpr std::uint32_t directory = 2 + 11 * 12 + 4;
    Bytes file;
    file.text("II").u16(42).u32(8 + 120);
    Bytes info;
    info.u32(0x00400494C).u32(120).u32(2).u32(2).u32(2).u32(1).u32(2).u32(1).u32(1).u32(1);
    // 2^-20 and 2^-19 metres as doubles, then 2.0 seconds at byte 112.
    info.u32(0).u32(0x3EB00000U).u32(0).u32(0x3EB00000U).u32(0).u32(0x3EC00000U);
    info.text(std::string(24, '\0')).u16(6).u16(0).text(std::string(20, '\0'));
    info.u32(0).u32(0x40000000U);
    ASSERT_EQ(info.size(), 120U);
    file.text(info.get());
    for (std::uint32_t i = 0; i < 8; ++i) {
        const std::uint32_t strip = file.size() + directory;
        file.u16(11)
            .tag(254, 4, 1, i % 2)
            .tag(256, 4, 1, 2)
            .tag(257, 4, 1, 2)
            .tag(258, 3, 1, 8)
            .tag(259, 3, 1, 1)
            .tag(262, 3, 1, 1)
            .tag(273, 4, 1, strip)
            .tag(277, 3, 1, 1)
            .tag(278, 4, 1, 2)
            .tag(279, 4, 1, 4)
            .tag(34412, 1, 120, 8)
            .u32(i == 7 ? 0 : strip + 4);
        file.u32(0x01010101U * i);
    }
    const test::TempDir folder;
    test::write_file(folder / "x.lsm", file.get());
    const auto reader = open_reader(folder / "x.lsm");
    const SceneInfo& scene = reader->info().scenes.at(0);
    EXPECT_EQ(reader->info().format, "Zeiss LSM");
    EXPECT_EQ(scene.t, 2);
    EXPECT_EQ(scene.z, 2);
    EXPECT_DOUBLE_EQ(scene.pixel_size.x.value(), 1e6 / 1048576);
    EXPECT_DOUBLE_EQ(scene.time_increment.value(), 2.0);
    PlaneId plane;
    plane.t = 1;
    plane.z = 1;
    EXPECT_EQ(std::to_integer<int>(reader->read(plane).bytes.at(0)), 6);
}

// An index entry: its axes, file and where its pixels lie.
std::string entry(const std::string& axes, const std::string& file, std::uint32_t at) {
    Bytes out;
    out.u32(static_cast<std::uint32_t>(axes.size())).text(axes);
    out.u32(static_cast<std::uint32_t>(file.size())).text(file);
    out.u32(at).u32(2).u32(2).u32(0).u32(0).u32(0).u32(0).u32(0);
    return out.get();
}

// One page of 2 x 2 with Micro-Manager's tag, then `planes` planes of bytes `first`, `first` + 1...
std::string stack_of_planes(std::uint32_t planes, std::uint32_t first) {
    Bytes file = test::small_page(8, 51123, 2, 3, 0x7D7B);
    for (std::uint32_t i = 0; i < planes; ++i) file.u32(0x01010101U * (first + i));
    return file.get();
}

TEST(TiffCases, NdtiffAxesComeFromItsIndexAndASplitStackIsOneSet) {
    const test::TempDir folder;
    constexpr std::uint32_t strip = test::small_page_pixels;
    test::write_file(folder / "a.tif", stack_of_planes(3, 1));
    test::write_file(folder / "a_1.tif", stack_of_planes(1, 9));
    std::string index;
    index += entry(R"({"time":0,"channel":"BF"})", "a.tif", strip);
    index += entry(R"({"time":0,"channel":"GFP"})", "a.tif", strip + 4);
    index += entry(R"({"time":1,"channel":"BF"})", "a.tif", strip + 8);
    index += entry(R"({"time":1,"channel":"GFP"})", "a_1.tif", strip);
    test::write_file(folder / "NDTiff.index", index);
    for (const char* name : {"a.tif", "a_1.tif"}) {
        const auto reader = open_reader(folder / name);
        const SceneInfo& scene = reader->info().scenes.at(0);
        EXPECT_EQ(reader->info().format, "NDTiff");
        EXPECT_EQ(reader->info().members.size(), 2U);
        EXPECT_EQ(scene.t, 2);
        EXPECT_EQ(scene.c, 2);
        EXPECT_EQ(scene.channel_names, (std::vector<std::string>{"BF", "GFP"}));
        PlaneId plane;
        plane.t = 1;
        EXPECT_EQ(std::to_integer<int>(reader->read(plane).bytes.at(0)), 3);
        plane.c = 1;
        EXPECT_EQ(std::to_integer<int>(reader->read(plane).bytes.at(0)), 9);
    }
    // A missing file, a plane behind the end, and an index that is cut: what is there is read.
    fs::remove(folder / "a_1.tif");
    EXPECT_FALSE(open_reader(folder / "a.tif")->present({0, 1, 1, 0, 0}));
    test::write_file(folder / "NDTiff.index", entry(R"({"time":0})", "a.tif", strip) +
                                                  entry(R"({"time":1})", "a.tif", 4000));
    EXPECT_EQ(open_reader(folder / "a.tif")->info().scenes.at(0).missing_frames,
              (std::vector<std::int64_t>{1}));
    for (std::size_t length = 0; length < index.size(); ++length) {
        test::write_file(folder / "NDTiff.index", index.substr(0, length));
        EXPECT_NO_THROW(open_reader(folder / "a.tif"));
    }
}

TEST(TiffCases, NdtiffPositionsAreScenes) {
    const fs::path real = fs::path(CYTOFLEET_SOURCE) / "../shared/data/ndtiff";
    const test::TempDir folder;
    constexpr std::uint32_t strip = 8 + 2 + 9 * 12 + 4;
    test::write_file(folder / "a.tif", stack_of_planes(2, 1));
    test::write_file(folder / "NDTiff.index", entry(R"({"position":0})", "a.tif", strip) +
                                                  entry(R"({"position":1})", "a.tif", strip + 4));
    const FileInfo info = open_reader(folder / "a.tif")->info();
    ASSERT_EQ(info.scenes.size(), 2U);
    EXPECT_EQ(info.scenes[1].name, "position 1");
    if (!fs::exists(fs::path(CYTOFLEET_SOURCE) / "../shared")) return;  // not everybody has them
    const SceneInfo movie = open_reader(real / "v3/ndtiffv3.0_test/ndtiffv3.0_test_NDTiffStack.tif")
                                ->info()
                                .scenes.at(0);
    EXPECT_EQ(movie.t, 5);
    EXPECT_EQ(movie.c, 2);
}

}  // namespace
}  // namespace cytofleet
