// What the reader makes of thumbnails, MetaMorph stacks, short stacks and pages that nobody names.
#include <numeric>
#include <string>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "io/hash_pixels.hpp"
#include "io/reader.hpp"
#include "io/tiff_bytes.hpp"
#include "support/files.hpp"

namespace cytofleet {
namespace {

using test::Bytes;

// `pages` pages of 2 x 2 bytes with a description; page p has the bytes 4p, 4p+1, ...
std::string stack(const std::string& description, std::uint32_t pages,
                  std::uint32_t reduced_page = 99) {
    constexpr std::uint32_t directory = 2 + 10 * 12 + 4;
    const auto length = static_cast<std::uint32_t>(description.size()) + 1;
    Bytes file;
    file.text("II").u16(42).u32(8 + length).text(description).text(std::string(1, '\0'));
    for (std::uint32_t i = 0; i < pages; ++i) {
        const std::uint32_t strip = file.size() + directory;
        file.u16(10)
            .tag(254, 4, 1, i == reduced_page ? 1 : 0)
            .tag(256, 4, 1, 2)
            .tag(257, 4, 1, 2)
            .tag(258, 3, 1, 8)
            .tag(259, 3, 1, 1)
            .tag(262, 3, 1, 1)
            .tag(270, 2, length, 8)
            .tag(273, 4, 1, strip)
            .tag(278, 4, 1, 2)
            .tag(279, 4, 1, 4)
            .u32(i + 1 == pages ? 0 : strip + 4);
        file.u32(0x03020100U + 0x04040404U * i);
    }
    return file.get();
}

std::unique_ptr<Reader> open_bytes(const test::TempDir& folder, const std::string& bytes) {
    test::write_file(folder / "file.tif", bytes);
    return open_reader(folder / "file.tif");
}

int first_byte(Reader& reader, const PlaneId& plane) {
    return std::to_integer<int>(reader.read(plane).bytes.at(0));
}

TEST(TiffKinds, ReducedPagesAreLeftOut) {
    const test::TempDir folder;
    const auto reader = open_bytes(folder, stack("plain", 3, 1));
    ASSERT_EQ(reader->info().scenes.size(), 1U);
    EXPECT_EQ(reader->info().scenes[0].t, 2);
    PlaneId plane;
    plane.t = 1;
    EXPECT_EQ(first_byte(*reader, plane), 8);
}

TEST(TiffKinds, OnlyReducedPagesAreAnImageAllTheSame) {
    const test::TempDir folder;
    EXPECT_EQ(open_bytes(folder, stack("plain", 1, 0))->info().scenes.at(0).t, 1);
}

TEST(TiffKinds, ImageJStackThatEndsEarlyListsItsMissingFrames) {
    const test::TempDir folder;
    const auto reader =
        open_bytes(folder, stack("ImageJ=1.5\nimages=8\nchannels=2\nframes=4\n", 5));
    const SceneInfo& info = reader->info().scenes.at(0);
    EXPECT_EQ(info.missing_frames, (std::vector<std::int64_t>{3}));
    EXPECT_EQ(reader->info().warnings.size(), 1U);
    PlaneId plane;
    plane.t = 2;
    EXPECT_EQ(first_byte(*reader, plane), 16);
    plane.c = 1;
    EXPECT_FALSE(reader->present(plane));
    EXPECT_THROW(reader->read(plane), Error);
}

TEST(TiffKinds, ImageJStackOfChannelsOnlyIsDoubted) {
    const test::TempDir folder;
    const auto reader = open_bytes(folder, stack("ImageJ=1.5\nimages=5\nchannels=5\n", 5));
    EXPECT_EQ(reader->info().scenes.at(0).c, 5);
    ASSERT_EQ(reader->info().warnings.size(), 1U);
    EXPECT_NE(reader->info().warnings[0].find("declares 5 channels"), std::string::npos);
}

TEST(TiffKinds, ImageJStackWithoutAxesIsTime) {
    const test::TempDir folder;
    EXPECT_EQ(open_bytes(folder, stack("ImageJ=1.5\nimages=3\n", 3))->info().scenes.at(0).t, 3);
}

TEST(TiffKinds, ImageJLengthUnitOrNothing) {
    const test::TempDir folder;
    const auto reader = open_bytes(folder, stack("ImageJ=1.5\nunit=pixel\nspacing=2\n", 1));
    EXPECT_FALSE(reader->info().scenes.at(0).pixel_size.z.has_value());
    const auto inch = open_bytes(folder, stack("ImageJ=1.5\nunit=inch\nspacing=2\n", 1));
    EXPECT_DOUBLE_EQ(inch->info().scenes.at(0).pixel_size.z.value(), 50800.0);
}

const std::string ome_start =
    "<OME xmlns=\"x\"><Image ID=\"I:0\"><Pixels ID=\"P:0\" DimensionOrder=\"XYZCT\" "
    "Type=\"uint8\" ";

TEST(TiffKinds, PagesOutsideTheOmeXmlAreMentioned) {
    const test::TempDir folder;
    const auto reader = open_bytes(
        folder, stack(ome_start + "SizeX=\"2\" SizeY=\"2\" SizeZ=\"1\" SizeC=\"1\" SizeT=\"2\">"
                                  "<TiffData/></Pixels></Image></OME>",
                      3));
    EXPECT_EQ(reader->info().scenes.at(0).t, 2);
    ASSERT_EQ(reader->info().warnings.size(), 1U);
    EXPECT_NE(reader->info().warnings[0].find("1 page of"), std::string::npos);
}

TEST(TiffKinds, OmeXmlThatContradictsThePagesIsRefused) {
    const test::TempDir folder;
    const std::string rest = " SizeZ=\"1\" SizeC=\"1\" SizeT=\"1\"></Pixels></Image></OME>";
    EXPECT_THROW(open_bytes(folder, stack(ome_start + "SizeX=\"3\" SizeY=\"2\"" + rest, 1)), Error);
    EXPECT_THROW(open_bytes(folder, stack("<OME><Image>", 1)), Error);
    EXPECT_NO_THROW(open_bytes(folder, stack(ome_start + "SizeX=\"2\" SizeY=\"2\"" + rest, 1)));
}

TEST(TiffKinds, SetNeverLeavesItsFolder) {
    const test::TempDir folder;
    const std::string outside = "../" + folder.path().filename().string() + "/file.tif";
    test::write_file(folder / "other.tif", stack("plain", 1));
    const std::string xml =
        ome_start +
        "SizeX=\"2\" SizeY=\"2\" SizeZ=\"1\" SizeC=\"1\" SizeT=\"2\">"
        "<TiffData FirstT=\"0\" IFD=\"0\"/><TiffData FirstT=\"1\" IFD=\"0\"><UUID "
        "FileName=\"" +
        outside + "\">u</UUID></TiffData></Pixels></Image></OME>";
    const auto reader = open_bytes(folder, stack(xml, 1));
    EXPECT_EQ(reader->info().scenes.at(0).missing_frames, (std::vector<std::int64_t>{1}));
}

TEST(TiffKinds, MetaMorphPlanesShareOneDirectory) {
    const test::TempDir folder;
    Bytes file = test::small_page(16, 33629, 5, 3, test::small_page_pixels);
    for (std::uint32_t i = 0; i < 12; ++i) file.u16(300 + i);
    const auto reader = open_bytes(folder, file.get());
    EXPECT_EQ(reader->info().format, "MetaMorph STK");
    EXPECT_EQ(reader->info().scenes.at(0).t, 3);
    PlaneId plane;
    plane.t = 2;
    EXPECT_EQ(first_byte(*reader, plane), (300 + 8) % 256);
}

}  // namespace
}  // namespace cytofleet
