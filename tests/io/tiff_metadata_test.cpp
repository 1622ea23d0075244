// The parsers below the TIFF reader: OME-XML, ImageJ, shaped, units, odd bit depths.
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "io/tiff/imagej.hpp"
#include "io/tiff/ome_xml.hpp"
#include "io/tiff/page_format.hpp"
#include "io/tiff/shaped.hpp"
#include "io/tiff/tiff_bounds.hpp"
#include "io/tiff/units.hpp"

namespace cytofleet {
namespace {

TEST(Units, LengthsInMicrometres) {
    EXPECT_DOUBLE_EQ(micrometres_per("nm").value(), 1e-3);
    EXPECT_DOUBLE_EQ(micrometres_per("mm").value(), 1e3);
    EXPECT_DOUBLE_EQ(micrometres_per("cm").value(), 1e4);
    EXPECT_DOUBLE_EQ(micrometres_per("inch").value(), 25400.0);
    EXPECT_DOUBLE_EQ(micrometres_per("\xC3\x85").value(), 1e-4);
    for (const char* const micro : {"um", "\xC2\xB5m", "\xCE\xBCm", "\xB5m", "\\u00B5m", "micron",
                                    "microns", "Micrometer", " um "}) {
        EXPECT_DOUBLE_EQ(micrometres_per(micro).value(), 1.0) << micro;
    }
    EXPECT_FALSE(micrometres_per("pixel").has_value());
    EXPECT_FALSE(micrometres_per("").has_value());
    EXPECT_FALSE(micrometres_per("reference frame").has_value());
}

TEST(Units, TimesInSeconds) {
    EXPECT_DOUBLE_EQ(seconds_per("ms").value(), 1e-3);
    EXPECT_DOUBLE_EQ(seconds_per("\xC2\xB5s").value(), 1e-6);
    EXPECT_DOUBLE_EQ(seconds_per("min").value(), 60.0);
    EXPECT_FALSE(seconds_per("fortnight").has_value());
}

TEST(Units, NonsenseIsAbsent) {
    EXPECT_FALSE(positive(0.0, 1.0).has_value());
    EXPECT_FALSE(positive(-1.0, 1.0).has_value());
    EXPECT_FALSE(positive(std::nan(""), 1.0).has_value());
    EXPECT_FALSE(positive(HUGE_VAL, 1.0).has_value());
    EXPECT_FALSE(positive(1.0, std::nullopt).has_value());
    EXPECT_DOUBLE_EQ(to_number(" 0.5 um").value(), 0.5);
    EXPECT_FALSE(to_number("five").has_value());
}

TEST(ImageJ, CountsOrderAndUnits) {
    const auto both = parse_imagej(
        "ImageJ=1.53t\nimages=24\nchannels=3\nslices=4\nframes=2\n"
        "order=zct\nunit=nm\nspacing=200.0\nfinterval=500\ntunit=ms\n");
    ASSERT_TRUE(both.has_value());
    EXPECT_EQ(both->images, 24);
    EXPECT_EQ(both->channels, 3);
    EXPECT_EQ(both->slices, 4);
    EXPECT_EQ(both->frames, 2);
    EXPECT_EQ(both->order, "TCZ");
    EXPECT_EQ(both->unit.value(), "nm");
    EXPECT_DOUBLE_EQ(both->spacing.value(), 200.0);
    EXPECT_DOUBLE_EQ(both->frame_interval.value(), 0.5);
    EXPECT_EQ(parse_imagej("ImageJ=1\norder=default\n")->order, "TZC");
    EXPECT_EQ(parse_imagej("ImageJ=1\nframes=-3\nslices=nan\nchannels=1e300\n")->frames, 1);
    EXPECT_EQ(parse_imagej("ImageJ=1\nslices=nan\n")->slices, 1);
    EXPECT_EQ(parse_imagej("ImageJ=1\nchannels=1e300\n")->channels, 1);
    EXPECT_FALSE(parse_imagej("images=3\n").has_value());
}

TEST(ImageJ, LabelsAreUtf16) {
    // "IJIJ", one kind "labl" with two values of 2 and 4 bytes: "A" and a surrogate pair.
    const std::string block("IJIJlabl\0\0\0\2\0A\xD8\x3D\xDE\x00", 18);
    const std::vector<std::uint64_t> counts = {12, 2, 4};
    const auto bytes = std::as_bytes(std::span(block));
    EXPECT_EQ(imagej_labels(counts, bytes, ByteOrder::big),
              (std::vector<std::string>{"A", "\xF0\x9F\x98\x80"}));
    EXPECT_TRUE(imagej_labels(counts, bytes.first(15), ByteOrder::big).empty());
    EXPECT_TRUE(imagej_labels(counts, bytes, ByteOrder::little).empty());
}

TEST(Shaped, BothForms) {
    const auto json = parse_shaped("{\"shape\": [2, 5, 6], \"axes\": \"zyx\", \"name\": \"n\"}");
    ASSERT_TRUE(json.has_value());
    EXPECT_EQ(json->shape, (std::vector<std::int64_t>{2, 5, 6}));
    EXPECT_EQ(json->axes, "ZYX");
    EXPECT_EQ(json->name, "n");
    EXPECT_EQ(parse_shaped("shape=(2, 5, 6)")->shape, json->shape);
    EXPECT_TRUE(parse_shaped("{\"shape\": [2], \"axes\": \"YX\"}")->axes.empty());
    for (const char* const bad :
         {"{\"shape\": [0, 5]}", "{\"shape\": [1e9]}", "{\"shape\": []}",
          "{\"shape\": [99999999999, 99999999999]}", "{\"shape\": \"x\"}",
          "{\"shape\": [18446744073709551615]}", "{\"shape\": [-1]}", "{"}) {
        EXPECT_FALSE(parse_shaped(bad).has_value()) << bad;
    }
}

std::string ome(const std::string& inside) {
    return "<?xml version=\"1.0\"?><OME "
           "xmlns=\"http://www.openmicroscopy.org/Schemas/OME/2016-06\">" +
           inside + "</OME>";
}

const std::string pixels =
    "<Pixels DimensionOrder=\"XYZCT\" SizeX=\"5\" SizeY=\"6\" SizeZ=\"1\" SizeC=\"6\" SizeT=\"2\" ";

TEST(OmeXml, SizesSamplesAndUnits) {
    const OmeDocument document = parse_ome_xml(
        ome("<Image Name=\"a\">" + pixels +
            "PhysicalSizeX=\"2.5\" PhysicalSizeXUnit=\"\xC3\x85\" PhysicalSizeY=\"NaN\" "
            "TimeIncrement=\"2\" TimeIncrementUnit=\"min\">"
            "<Channel ID=\"C:0\" SamplesPerPixel=\"3\"/><Channel ID=\"C:1\" Name=\"red\" "
            "SamplesPerPixel=\"3\"/><TiffData/></Pixels></Image>"),
        "f");
    const OmeImage& image = document.images.at(0);
    EXPECT_EQ(image.axes, "TCZ");
    EXPECT_EQ(image.samples, 3);
    EXPECT_EQ(image.c, 2);
    EXPECT_DOUBLE_EQ(image.pixel_size.x.value(), 2.5e-4);
    EXPECT_FALSE(image.pixel_size.y.has_value());
    EXPECT_DOUBLE_EQ(image.time_increment.value(), 120.0);
    EXPECT_EQ(image.channel_names, (std::vector<std::string>{"C:0", "red"}));
    ASSERT_EQ(image.data.size(), 1U);
    EXPECT_EQ(image.data[0].planes, 0);
}

TEST(OmeXml, PrefixedElementsAndAnOldSchema) {
    const OmeDocument document = parse_ome_xml(
        "<o:OME xmlns:o=\"x\"><o:Image PixelSizeX=\"0.2\">" +
            std::string("<o:CreationDate>2004</o:CreationDate><o:Pixels DimensionOrder=\"XYCZT\" "
                        "SizeX=\"5\" SizeY=\"6\" SizeZ=\"1\" SizeC=\"1\" SizeT=\"1\">"
                        "<o:TiffData IFD=\"2\"/></o:Pixels></o:Image></o:OME>"),
        "f");
    const OmeImage& image = document.images.at(0);
    EXPECT_DOUBLE_EQ(image.pixel_size.x.value(), 0.2);
    EXPECT_EQ(image.acquired.value(), "2004");
    EXPECT_EQ(image.data.at(0).ifd, 2);
    EXPECT_EQ(image.data.at(0).planes, 1);
}

TEST(OmeXml, DamageIsOneLineThatNamesTheFile) {
    for (const std::string& bad :
         {std::string("<OME><Image>"), std::string("<html></html>"), ome("<Image/>"),
          ome("<Image>" + pixels + "SizeT=\"x\"/></Image>"),
          ome("<Image><Pixels DimensionOrder=\"XYZCT\" SizeX=\"5\" SizeY=\"6\" "
              "SizeT=\"-1\"/></Image>"),
          ome("<Image><Pixels DimensionOrder=\"ZYXCT\" SizeX=\"5\" SizeY=\"6\"/></Image>"),
          ome("<Image><Pixels DimensionOrder=\"XYZCT\"/></Image>")}) {
        try {
            // A second SizeT is ignored by the parser of attributes; the first counts.
            parse_ome_xml(bad, "file.tif");
            EXPECT_NE(bad.find("SizeT=\"x\""), std::string::npos) << bad;
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::input);
            EXPECT_EQ(std::string(error.what()).rfind("file.tif: ", 0), 0U) << error.what();
            EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
        }
    }
}

std::vector<std::uint32_t> unpack(std::uint32_t bits, const std::vector<std::uint8_t>& row,
                                  std::int64_t count, bool native_24 = false) {
    PageFormat format;
    format.bits = bits;
    format.type = pixel_type(bits, 1).value();
    std::vector<std::byte> out(static_cast<std::size_t>(count) * size_of(format.type));
    unpack_row(format, std::as_bytes(std::span(row)), count, native_24, out.data());
    std::vector<std::uint32_t> values;
    for (std::size_t at = 0; at < out.size(); at += size_of(format.type)) {
        std::uint32_t value = 0;
        std::memcpy(&value, out.data() + at, size_of(format.type));
        values.push_back(value);
    }
    return values;
}

TEST(PageFormat, OddDepthsUnpackHighBitFirst) {
    using Values = std::vector<std::uint32_t>;
    EXPECT_EQ(unpack(1, {0xA5}, 8), (Values{1, 0, 1, 0, 0, 1, 0, 1}));
    EXPECT_EQ(unpack(2, {0x1B}, 4), (Values{0, 1, 2, 3}));
    EXPECT_EQ(unpack(3, {0x05, 0x39, 0x77}, 8), (Values{0, 1, 2, 3, 4, 5, 6, 7}));
    EXPECT_EQ(unpack(12, {0xAB, 0xCD, 0xEF}, 2), (Values{0xABC, 0xDEF}));
    EXPECT_EQ(unpack(14, {0xFF, 0xFC, 0x00, 0x10}, 2), (Values{0x3FFF, 1}));
    EXPECT_EQ(unpack(24, {1, 2, 3}, 1), (Values{0x010203}));
    EXPECT_EQ(unpack(24, {1, 2, 3}, 1, true), (Values{0x030201}));
    EXPECT_EQ(unpack(31, {0xFF, 0xFF, 0xFF, 0xFF}, 1), (Values{0x7FFFFFFF}));
}

TEST(PageFormat, Float24WidensExactly) {
    PageFormat format;
    format.bits = 24;
    format.sample_format = 3;
    format.type = PixelType::f32;
    const auto widen = [&](std::uint32_t raw) {
        std::byte bytes[4];
        std::memcpy(bytes, &raw, 4);
        float value = 0;
        unpack_row(format, std::span<const std::byte>(bytes, 3), 1, false,
                   reinterpret_cast<std::byte*>(&value));
        return value;
    };
    EXPECT_EQ(widen(0x3F0000), 1.0F);
    EXPECT_EQ(widen(0xBF8000), -1.5F);
    EXPECT_EQ(widen(0x000000), 0.0F);
    EXPECT_EQ(widen(0x000001), std::ldexp(1.0F, -78));
    EXPECT_EQ(widen(0x010000), std::ldexp(1.0F, -62));
    EXPECT_TRUE(std::isinf(widen(0x7F0000)));
    EXPECT_TRUE(std::isnan(widen(0x7F0001)));
}

TEST(TiffBounds, NamesAndBounds) {
    EXPECT_EQ(compression_name(5), "LZW");
    EXPECT_EQ(compression_name(60001), "compression 60001");
    EXPECT_EQ(largest_decoded(1, 1000), 1000U);
    EXPECT_LT(largest_decoded(8, 1000), 3000000U);
    EXPECT_EQ(largest_decoded(50000, ~std::uint64_t{0}), ~std::uint64_t{0});
}

}  // namespace
}  // namespace cytofleet
