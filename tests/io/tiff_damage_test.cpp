// Cut, lying and very large TIFF files.
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "io/hash_pixels.hpp"
#include "io/reader.hpp"
#include "io/tiff_bytes.hpp"
#include "support/files.hpp"

namespace cytofleet {
namespace {

namespace fs = std::filesystem;
using test::add_directory;
using test::Bytes;

fs::path data(const std::string& name) {
    return fs::path(CYTOFLEET_TEST_DATA) / "tiff" / name;
}

std::string error_of(const fs::path& path) {
    try {
        const auto reader = open_reader(path);
        hash_pixels(*reader);
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::input);
        const std::string text = error.what();
        EXPECT_EQ(text.find('\n'), std::string::npos);
        EXPECT_NE(text.find(path.filename().string()), std::string::npos) << text;
        return text;
    }
    return "";
}

// Whatever is cut off, nothing is lost in silence: an error, a warning, missing frames, or all
// pixels.
TEST(TiffDamage, CutAnywhereIsNoticed) {
    const test::TempDir folder;
    for (const std::string name :
         {"hyperstack.tif", "one_directory.tif", "aborted.ome.tif", "metadata.tif", "pages.tif",
          "shaped.tif", "rgb_planar.tif", "set_0.ome.tif", "two_sizes.tif"}) {
        const std::string whole = test::read_file(data(name));
        const std::string hash = hash_pixels(*open_reader(data(name)));
        const std::size_t step = whole.size() > 4000 ? 37 : 5;
        for (std::size_t length = 0; length < whole.size(); length += step) {
            test::write_file(folder / name, whole.substr(0, length));
            try {
                const auto reader = open_reader(folder / name);
                const std::string cut_hash = hash_pixels(*reader);
                const bool told = !reader->info().warnings.empty();
                EXPECT_TRUE(told || cut_hash == hash) << name << " cut at " << length;
            } catch (const Error& error) {
                EXPECT_EQ(error.kind(), ErrorKind::input);
                EXPECT_NE(std::string(error.what()).find(name), std::string::npos) << error.what();
            }
        }
    }
}

TEST(TiffDamage, CutFilesAreCalledCutOff) {
    const test::TempDir folder;
    const fs::path path = folder / "cut.tif";
    for (const std::string name : {"hyperstack.tif", "one_directory.tif", "shaped.tif"}) {
        const std::string whole = test::read_file(data(name));
        test::write_file(path, whole.substr(0, whole.size() * 2 / 3));
        EXPECT_NE(error_of(path).find("is cut off"), std::string::npos) << name;
    }
}

TEST(TiffDamage, NotAnImage) {
    const test::TempDir folder;
    test::write_file(folder / "empty.tif", "");
    EXPECT_NE(error_of(folder / "empty.tif").find("is empty"), std::string::npos);
    test::write_file(folder / "text.tif", "hello, this is text");
    EXPECT_NE(error_of(folder / "text.tif").find("not an image"), std::string::npos);
    EXPECT_NE(error_of(folder / "absent.tif").find("cannot be opened"), std::string::npos);
    EXPECT_NE(error_of(folder.path()).find("not a regular file"), std::string::npos);
    test::write_file(folder / "bad\n\xFFname.tif", "x");
    EXPECT_THROW(open_reader(folder / "bad\n\xFFname.tif"), Error);
}

TEST(TiffDamage, AbsurdSizesAreRefusedBeforeAnythingIsAllocated) {
    const test::TempDir folder;
    for (const auto& [width, height] : {std::pair{0xFFFFFFFFU, 0xFFFFFFFFU},
                                        {2000000000U, 3U},
                                        {100000U, 100000U},
                                        {0U, 5U},
                                        {5U, 0U}}) {
        Bytes file;
        file.text("II").u16(42).u32(8);
        add_directory(file, width, height, 8, 0);
        test::write_file(folder / "absurd.tif", file.get());
        EXPECT_NE(error_of(folder / "absurd.tif"), "");
    }
    // Deflate cannot blow 20 bytes up to a hundred megapixels.
    Bytes file;
    file.text("II").u16(42).u32(8);
    file.u16(8)
        .tag(256, 4, 1, 10000)
        .tag(257, 4, 1, 10000)
        .tag(258, 3, 1, 8)
        .tag(259, 3, 1, 8)
        .tag(262, 3, 1, 1)
        .tag(273, 4, 1, 8)
        .tag(278, 4, 1, 10000)
        .tag(279, 4, 1, 20)
        .u32(0);
    test::write_file(folder / "bomb.tif", file.get());
    EXPECT_NE(error_of(folder / "bomb.tif").find("claims 10000 x 10000"), std::string::npos);
}

TEST(TiffDamage, AnnouncedPlanesThatCannotBeThere) {
    const test::TempDir folder;
    const fs::path path = folder / "liar.tif";
    for (const std::string description :
         {"ImageJ=1.53t\nimages=2000000000\nframes=2000000000\n",
          "ImageJ=1.53t\nchannels=999999999999\nslices=999999999999\nframes=999999999999\n",
          "{\"shape\": [9000000, 4, 4]}"}) {
        Bytes file;
        file.text("II").u16(42).u32(8);
        const std::uint32_t note = 8 + 2 + 9 * 12 + 4;
        const auto length = static_cast<std::uint32_t>(description.size()) + 1;
        file.u16(9)
            .tag(256, 4, 1, 4)
            .tag(257, 4, 1, 4)
            .tag(258, 3, 1, 8)
            .tag(259, 3, 1, 1)
            .tag(262, 3, 1, 1)
            .tag(270, 2, length, note)
            .tag(273, 4, 1, note + length)
            .tag(278, 4, 1, 4)
            .tag(279, 4, 1, 16)
            .u32(0);
        file.text(description).text(std::string(1, '\0')).text(std::string(16, 'x'));
        test::write_file(path, file.get());
        EXPECT_NE(error_of(path), "") << description;
    }
}

TEST(TiffDamage, LoopingPagesEnd) {
    const test::TempDir folder;
    Bytes file;
    file.text("II").u16(42).u32(8);
    add_directory(file, 2, 2, 4, 8);
    test::write_file(folder / "loop.tif", file.get());
    const auto reader = open_reader(folder / "loop.tif");
    EXPECT_EQ(reader->info().scenes.at(0).t, 1);
    ASSERT_EQ(reader->info().warnings.size(), 1U);
    EXPECT_NE(reader->info().warnings[0].find("loops"), std::string::npos);
}

TEST(TiffDamage, ManyPagesOpenInLinearTimeAndReadAtRandom) {
    const test::TempDir folder;
    constexpr std::uint32_t pages = 100000;
    constexpr std::uint32_t directory = 2 + 8 * 12 + 4;
    Bytes file;
    file.text("II").u16(42).u32(8);
    for (std::uint32_t i = 0; i < pages; ++i) {
        const std::uint32_t start = 8 + i * (directory + 4);
        add_directory(file, 2, 2, start + directory, i + 1 == pages ? 0 : start + directory + 4);
        file.u32(i);
    }
    test::write_file(folder / "many.tif", file.get());
    const auto begin = std::chrono::steady_clock::now();
    const auto reader = open_reader(folder / "many.tif");
    ASSERT_EQ(reader->info().scenes.at(0).t, pages);
    PlaneId plane;
    for (std::uint32_t i = 0; i < 2000; ++i) {
        const std::uint32_t t = i * 7919 % pages;
        plane.t = t;
        std::uint32_t value = 0;
        std::memcpy(&value, reader->read(plane).bytes.data(), 4);
        ASSERT_EQ(value, t);
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    // About 0.3 s; a quadratic walk takes minutes.
    EXPECT_LT(took.count(), 20.0);
}

// ImageJ's form over 4 GB: one directory, planes one after the other. Sparse, so it costs no disk.
TEST(TiffDamage, ContiguousImageJBeyondFourGigabytes) {
    const test::TempDir folder;
    const fs::path path = folder / "big.tif";
    constexpr std::uint32_t side = 8192;
    constexpr std::uint64_t planes = 80;
    const std::string description = "ImageJ=1.53t\nimages=80\nframes=80\n";
    Bytes file;
    file.text("II").u16(42).u32(8);
    const std::uint32_t note = 8 + 2 + 9 * 12 + 4;
    const std::uint32_t start = note + static_cast<std::uint32_t>(description.size()) + 1;
    test::add_directory(file, side, side, start, 0,
                        static_cast<std::uint32_t>(description.size()) + 1, note);
    file.text(description).text(std::string(1, '\0'));
    test::write_file(path, file.get());
    const std::uint64_t plane_bytes = std::uint64_t{side} * side;
    const std::uint64_t total = start + planes * plane_bytes;
    ASSERT_GT(total, std::uint64_t{5} << 30U);
    fs::resize_file(path, total);
    const int descriptor = ::open(path.c_str(), O_WRONLY);
    const char mark = 42;
    ASSERT_EQ(::pwrite(descriptor, &mark, 1, static_cast<off_t>(start + 79 * plane_bytes + 5)), 1);
    ::close(descriptor);
    const auto reader = open_reader(path);
    EXPECT_EQ(reader->info().scenes.at(0).t, 80);
    PlaneId plane;
    plane.t = 79;
    const Image image = reader->read(plane);
    EXPECT_EQ(std::to_integer<int>(image.bytes[5]), 42);
    EXPECT_EQ(std::to_integer<int>(image.bytes[4]), 0);
    fs::resize_file(path, total - 1);
    EXPECT_NE(error_of(path).find("ends in plane 80"), std::string::npos);
}

}  // namespace
}  // namespace cytofleet
