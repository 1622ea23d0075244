// JBIG pages, written by libtiff: read as they are, and refused where they lie.
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <tiffio.h>

#include "base/error.hpp"
#include "io/reader.hpp"
#include "io/tiff/jbig.hpp"
#include "support/files.hpp"

namespace cytofleet {
namespace {

constexpr std::uint32_t width = 70;
constexpr std::uint32_t height = 50;
constexpr std::size_t row_bytes = 9;
constexpr std::size_t header_at = 8;  // libtiff writes the strip before the directory

std::vector<std::uint8_t> pattern() {
    std::vector<std::uint8_t> bytes(row_bytes * height);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        bytes[i] = static_cast<std::uint8_t>(i * 37 >> 3U);
    }
    return bytes;
}

std::string jbig_file(const test::TempDir& folder, std::uint32_t fill_order) {
    const auto path = folder / "page.tif";
    TIFF* const tiff = TIFFOpen(path.c_str(), "w");
    EXPECT_NE(tiff, nullptr);
    TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, width);
    TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, height);
    TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, height);
    TIFFSetField(tiff, TIFFTAG_COMPRESSION, COMPRESSION_JBIG);
    TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
    TIFFSetField(tiff, TIFFTAG_FILLORDER, fill_order);
    std::vector<std::uint8_t> bits = pattern();
    EXPECT_GT(TIFFWriteEncodedStrip(tiff, 0, bits.data(), static_cast<tmsize_t>(bits.size())), 0);
    TIFFClose(tiff);
    return test::read_file(path);
}

TEST(TiffJbig, BothBitOrdersGiveThePixels) {
    const std::vector<std::uint8_t> bits = pattern();
    for (const std::uint32_t order : {FILLORDER_MSB2LSB, FILLORDER_LSB2MSB}) {
        SCOPED_TRACE(order);
        const test::TempDir folder;
        jbig_file(folder, order);
        const Image image = open_reader(folder / "page.tif")->read({});
        ASSERT_EQ(image.bytes.size(), std::size_t{width} * height);
        // The tag is about the JBIG data; libtiff took the pixels as they were.
        for (std::size_t i = 0; i < image.bytes.size(); ++i) {
            const std::size_t x = i % width;
            const unsigned bit = 7 - x % 8;
            ASSERT_EQ(std::to_integer<unsigned>(image.bytes[i]),
                      bits[i / width * row_bytes + x / 8] >> bit & 1U)
                << i;
        }
    }
}

TEST(TiffJbig, APictureLargerThanItsPageIsRefusedBeforeItIsDecoded) {
    for (const std::uint32_t order : {FILLORDER_MSB2LSB, FILLORDER_LSB2MSB}) {
        const test::TempDir folder;
        const std::string sound = jbig_file(folder, order);
        // Bit planes, then bytes of the width and of the height: all near their largest.
        for (const std::size_t at :
             {std::size_t{2}, std::size_t{4}, std::size_t{5}, std::size_t{8}, std::size_t{9}}) {
            SCOPED_TRACE(at);
            std::string lying = sound;
            lying[header_at + at] = '\x7E';  // the same from both ends
            test::write_file(folder / "page.tif", lying);
            try {
                open_reader(folder / "page.tif")->read({});
                ADD_FAILURE() << "was read";
            } catch (const Error& error) {
                EXPECT_EQ(error.kind(), ErrorKind::input);
                EXPECT_NE(std::string(error.what()).find("announces other pixels"),
                          std::string::npos)
                    << error.what();
            }
        }
    }
}

TEST(TiffJbig, AnnouncedBytes) {
    std::array<std::byte, jbig_header_size> header{};
    header[2] = std::byte{3};
    header[6] = std::byte{1};
    header[7] = std::byte{1};
    header[11] = std::byte{0x80};
    EXPECT_EQ(jbig_picture_bytes(header, false), 3U * 33U * 128U);
    EXPECT_EQ(jbig_picture_bytes(header, true), 0xC0U * (0x8080U / 8U) * 1U);
    for (std::size_t i = 2; i < 12; ++i) header[i] = std::byte{0xFF};
    EXPECT_EQ(jbig_picture_bytes(header, false), UINT64_MAX);
    EXPECT_EQ(jbig_picture_bytes(std::span(header).first(19), false), UINT64_MAX);
}

}  // namespace
}  // namespace cytofleet
