// Mask files written, read back by our own reader, and failing in between.
#include "io/mask_writer.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "io/ome_writer.hpp"
#include "io/reader.hpp"
#include "io/tiff_layout.hpp"
#include "support/files.hpp"

namespace cytofleet {
namespace {

namespace fs = std::filesystem;
using test::TempDir;

LabelImage labels_of(std::int64_t height, std::int64_t width, std::uint32_t first) {
    LabelImage out{height, width, {}, 0, 0};
    for (std::int64_t i = 0; i < height * width; ++i)
        out.labels.push_back(i % 7 == 0 ? 0 : first + static_cast<std::uint32_t>(i % 500));
    out.largest = *std::max_element(out.labels.begin(), out.labels.end());
    return out;
}

MaskFile mask_file(const fs::path& path, std::int64_t frames, std::int64_t height,
                   std::int64_t width) {
    MaskFile out;
    out.path = path;
    out.input.t = frames;
    out.input.y = height;
    out.input.x = width;
    return out;
}

std::vector<std::uint32_t> read_labels(Reader& reader, std::int64_t t) {
    PlaneId plane;
    plane.t = t;
    const Image image = reader.read(plane);
    std::vector<std::uint32_t> out;
    const std::size_t size = size_of(image.type);
    for (std::size_t i = 0; i < image.bytes.size(); i += size) {
        std::uint32_t label = 0;
        std::memcpy(&label, image.bytes.data() + i, size);
        out.push_back(label);
    }
    return out;
}

std::size_t files_in(const TempDir& folder) {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()));
}

TEST(MaskWriter, IsReadBackPixelForPixel) {
    for (const bool wide : {false, true})
        for (const auto& [frames, height, width] :
             {std::array{1, 1, 1}, {3, 17, 23}, {2, 300, 1001}}) {
            const TempDir folder;
            const fs::path path = folder / "movie_vSM.ome.tif";
            MaskFile file = mask_file(path, frames, height, width);
            file.wide = wide;
            MaskWriter writer(file);
            for (int t = 0; t < frames; ++t)
                writer.add(encode_plane(
                    labels_of(height, width, static_cast<std::uint32_t>(100 * t)), wide));
            EXPECT_FALSE(fs::exists(path));
            const std::string hash = writer.finish();
            EXPECT_EQ(hash, sha256_of_file(path));
            EXPECT_EQ(files_in(folder), 1U);
            const auto reader = open_reader(path);
            const SceneInfo& scene = reader->info().scenes.at(0);
            EXPECT_EQ(reader->info().format, "OME-TIFF");
            EXPECT_EQ(scene.type, wide ? PixelType::u32 : PixelType::u16);
            EXPECT_EQ(scene.t, frames);
            EXPECT_EQ(scene.y, height);
            EXPECT_EQ(scene.x, width);
            EXPECT_EQ(scene.c * scene.z * scene.samples, 1);
            EXPECT_TRUE(reader->info().warnings.empty());
            for (int t = 0; t < frames; ++t)
                EXPECT_EQ(read_labels(*reader, t),
                          labels_of(height, width, static_cast<std::uint32_t>(100 * t)).labels);
        }
}

TEST(MaskWriter, KeepsWhatTheInputSays) {
    const TempDir folder;
    MaskFile file = mask_file(folder / "m.ome.tif", 2, 3, 4);
    file.input.pixel_size = {0.325, 0.33, 2.0};
    file.input.time_increment = 300.5;
    file.input.acquired = "2024-02-29T23:59:58.25Z";
    file.annotations = {"first <&> \"line\"\nsecond\tline", "µm and 細胞"};
    MaskWriter writer(file);
    for (int t = 0; t < 2; ++t) writer.add(encode_plane(labels_of(3, 4, 1)));
    writer.finish();
    const auto reader = open_reader(file.path);
    const SceneInfo& scene = reader->info().scenes.at(0);
    EXPECT_EQ(scene.pixel_size.x, 0.325);
    EXPECT_EQ(scene.pixel_size.y, 0.33);
    EXPECT_EQ(scene.pixel_size.z, 2.0);
    EXPECT_EQ(scene.time_increment, 300.5);
    EXPECT_EQ(scene.acquired, "2024-02-29T23:59:58.25Z");
    EXPECT_EQ(scene.channel_names, std::vector<std::string>{"Segmentation mask"});
    EXPECT_EQ(reader->info().history, file.annotations);
}

TEST(MaskWriter, LeavesOutWhatTheInputDoesNotSayOrSaysWrongly) {
    MaskFile file = mask_file("m.ome.tif", 1, 3, 4);
    file.input.pixel_size = {0.0, -1.0, std::nullopt};
    file.input.time_increment = 0;
    for (const char* date : {"", "yesterday", "2024-02-29", "2024-02-29T23:59:58+1", "1:2:3"}) {
        file.input.acquired = date;
        const std::string xml = ome_xml(file);
        for (const char* absent :
             {"PhysicalSize", "TimeIncrement", "AcquisitionDate", "StructuredAnnotations"})
            EXPECT_EQ(xml.find(absent), std::string::npos) << absent << " " << date;
    }
}

TEST(MaskWriter, NamesEmptyFramesAndShowsBytesThatXmlCannotHold) {
    MaskFile file = mask_file("m.ome.tif", 5, 3, 4);
    file.annotations = {std::string("bell \a and zero ") + '\0' + " and \xff"};
    file.empty_frames = {1, 4};
    const std::string xml = ome_xml(file);
    EXPECT_NE(xml.find("Empty frames: 1, 4"), std::string::npos) << xml;
    EXPECT_NE(xml.find("\\x07"), std::string::npos) << xml;
    EXPECT_NE(xml.find("\\x00"), std::string::npos) << xml;
    EXPECT_NE(xml.find("\\xff"), std::string::npos) << xml;
    EXPECT_NE(xml.find("Annotation:1"), std::string::npos) << xml;
}

TEST(MaskWriter, GivesTheSameBytesAgain) {
    const TempDir folder;
    std::vector<std::string> hashes;
    for (const std::string name : {"a", "b"}) {
        MaskWriter writer(mask_file(folder / name, 1, 30, 40));
        writer.add(encode_plane(labels_of(30, 40, 1)));
        hashes.push_back(writer.finish());
    }
    EXPECT_EQ(hashes[0], hashes[1]);
}

TEST(MaskWriter, LeavesNothingBehindWithoutFinishing) {
    const TempDir folder;
    test::write_file(folder / "m.ome.tif", "before");
    {
        MaskWriter writer(mask_file(folder / "m.ome.tif", 2, 3, 4));
        writer.add(encode_plane(labels_of(3, 4, 1)));
        EXPECT_EQ(files_in(folder), 2U);
        EXPECT_THROW(writer.finish(), InternalError);  // one plane is missing
    }
    EXPECT_EQ(files_in(folder), 1U);
    EXPECT_EQ(test::read_file(folder / "m.ome.tif"), "before");
}

TEST(MaskWriter, RefusesPlanesThatDoNotFit) {
    const TempDir folder;
    MaskWriter writer(mask_file(folder / "m.ome.tif", 1, 3, 4));
    EXPECT_THROW(writer.add(encode_plane(labels_of(4, 3, 1))), InternalError);
    EXPECT_THROW(writer.add(encode_plane(labels_of(3, 4, 1), true)), InternalError);
    EncodedPlane more = encode_plane(labels_of(3, 4, 1));
    more.strips.push_back(more.strips[0]);
    EXPECT_THROW(writer.add(more), InternalError);
    more.strips.clear();
    EXPECT_THROW(writer.add(more), InternalError);
    writer.add(encode_plane(labels_of(3, 4, 1)));
    writer.finish();
    EXPECT_EQ(read_labels(*open_reader(folder / "m.ome.tif"), 0), labels_of(3, 4, 1).labels);
}

TEST(MaskWriter, AFolderThatIsNotThereIsNamed) {
    const TempDir folder;
    const fs::path path = folder / "none" / "m.ome.tif";
    try {
        MaskWriter writer(mask_file(path, 1, 3, 4));
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::output);
        EXPECT_NE(std::string(error.what()).find(path.string()), std::string::npos);
    }
}

TEST(MaskWriter, WhatChangesOnTheDiskIsNoticed) {
    // One bit of a strip turns between writing and reading back.
    const TempDir folder;
    MaskWriter writer(mask_file(folder / "m.ome.tif", 1, 3, 4));
    writer.add(encode_plane(labels_of(3, 4, 1)));
    const fs::path temporary = fs::directory_iterator(folder.path())->path();
    std::string bytes = test::read_file(temporary);
    bytes.back() = static_cast<char>(bytes.back() ^ 1);
    test::write_file(temporary, bytes);
    try {
        writer.finish();
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::output);
        EXPECT_NE(std::string(error.what()).find("read back"), std::string::npos) << error.what();
    }
    EXPECT_FALSE(fs::exists(folder / "m.ome.tif"));
}

/// A file of two planes with `height` rows through make_directories() and our reader.
void check_layout(std::int64_t height, bool big) {
    const TempDir folder;
    std::string file(header_room, '\0');
    std::vector<PageLayout> pages;
    std::vector<LabelImage> planes{labels_of(height, 1001, 1), labels_of(height, 1001, 200)};
    for (const LabelImage& labels : planes) {
        const EncodedPlane plane = encode_plane(labels);
        PageLayout page{height, 1001, plane.rows_per_strip(), 16, {}, {}};
        for (const auto& strip : plane.strips) {
            page.offsets.push_back(file.size());
            page.lengths.push_back(strip.size());
            file.append(reinterpret_cast<const char*>(strip.data()), strip.size());
        }
        pages.push_back(page);
    }
    if (file.size() % 2 != 0) file += '\0';
    const MaskFile mask = mask_file("m.ome.tif", 2, height, 1001);
    const DirectoryBytes end = make_directories(pages, ome_xml(mask), "test", file.size(), big);
    EXPECT_EQ(end.big, big);
    ASSERT_EQ(end.header.size(), header_room);
    file.append(reinterpret_cast<const char*>(end.directories.data()), end.directories.size());
    std::memcpy(file.data(), end.header.data(), header_room);
    EXPECT_EQ(file[2], big ? 43 : 42);
    test::write_file(folder / "m.ome.tif", file);
    const auto reader = open_reader(folder / "m.ome.tif");
    ASSERT_EQ(reader->info().scenes.at(0).t, 2);
    EXPECT_TRUE(reader->info().warnings.empty());
    for (std::int64_t t = 0; t < 2; ++t)
        EXPECT_EQ(read_labels(*reader, t), planes[static_cast<std::size_t>(t)].labels);
}

TEST(TiffLayout, ClassicAndBigHoldTheSamePixels) {
    // One, two and three strips: their offsets fit into a field, fill it, and lie elsewhere.
    for (const std::int64_t height : {100, 200, 300})
        for (const bool big : {false, true}) check_layout(height, big);
}

TEST(TiffLayout, FourGigabytesMakeItBig) {
    const std::vector<PageLayout> pages{{1, 1, 1, 16, {16}, {10}}};
    EXPECT_FALSE(make_directories(pages, "", "", 1000).big);
    EXPECT_TRUE(make_directories(pages, "", "", std::uint64_t{1} << 32).big);
    // The strips end below, the directories would not.
    EXPECT_TRUE(make_directories(pages, "", "", (std::uint64_t{1} << 32) - 100).big);
    EXPECT_THROW(make_directories(pages, "", "", 1001), InternalError);
    EXPECT_THROW(make_directories({}, "", "", 1000), InternalError);
}

}  // namespace
}  // namespace cytofleet
