// Planes of labels compressed, decompressed, and damaged in between.
#include <algorithm>
#include <random>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <zlib.h>

#include "base/error.hpp"
#include "io/mask_writer.hpp"

namespace cytofleet {
namespace {

using Bytes = std::vector<std::byte>;

LabelImage random_labels(std::int64_t height, std::int64_t width, std::uint32_t below,
                         std::uint32_t seed) {
    std::mt19937 bits(seed);
    LabelImage out{height, width, {}, 0, 0};
    std::set<std::uint32_t> seen;
    for (std::int64_t i = 0; i < height * width; ++i) {
        const auto label = static_cast<std::uint32_t>(bits() % 3 == 0 ? bits() % below : 0);
        out.labels.push_back(label);
        out.largest = std::max(out.largest, label);
        if (label != 0) seen.insert(label);
    }
    out.cells = static_cast<std::uint32_t>(seen.size());
    return out;
}

void expect_same(const LabelImage& got, const LabelImage& wanted) {
    EXPECT_EQ(got.height, wanted.height);
    EXPECT_EQ(got.width, wanted.width);
    EXPECT_EQ(got.labels, wanted.labels);
    EXPECT_EQ(got.largest, wanted.largest);
    EXPECT_EQ(got.cells, wanted.cells);
}

template <typename Body>
void expect_damaged(const Body& body, const std::string& what) {
    try {
        body();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::input) << what;
        return;
    } catch (const std::exception& other) {
        ADD_FAILURE() << what << ": " << other.what();
        return;
    }
    ADD_FAILURE() << what << ": nothing was thrown";
}

TEST(EncodedPlane, ComesBackAsItWas) {
    std::uint32_t seed = 1;
    for (const auto& [height, width] : {std::pair{1, 1}, {1, 300}, {57, 43}, {300, 1001}})
        for (const std::uint32_t below : {1U, 2U, 900U, 65536U, 70000U, 4294967295U}) {
            const LabelImage labels = random_labels(height, width, below, ++seed);
            for (const bool wide : {false, true}) {
                const EncodedPlane plane = encode_plane(labels, wide);
                EXPECT_EQ(plane.wide, wide || labels.largest > 65535);
                if (below > 100000) continue;  // decoding counts labels, one bit for each number
                expect_same(decode_plane(plane), labels);
                expect_same(decode_plane(plane_from_bytes(to_bytes(plane))), labels);
            }
        }
}

TEST(EncodedPlane, SixtyFiveThousandAndSomeIsTheLimit) {
    LabelImage labels{1, 2, {0, 65535}, 65535, 1};
    EXPECT_FALSE(encode_plane(labels).wide);
    expect_same(decode_plane(encode_plane(labels)), labels);
    labels = {1, 2, {65536, 0}, 65536, 1};
    EXPECT_TRUE(encode_plane(labels).wide);
    expect_same(decode_plane(encode_plane(labels)), labels);
}

TEST(EncodedPlane, StripsAreDeflatedRowsOfAQuarterMegabyte) {
    const LabelImage labels = random_labels(300, 1001, 900, 5);
    for (const bool wide : {false, true}) {
        const EncodedPlane plane = encode_plane(labels, wide);
        const std::int64_t rows = 262144 / (1001 * (wide ? 4 : 2));
        EXPECT_EQ(plane.rows_per_strip(), rows);
        ASSERT_EQ(std::ssize(plane.strips), (300 + rows - 1) / rows);
        std::vector<std::uint32_t> all;
        for (const Bytes& strip : plane.strips) {
            Bytes raw(262144);
            uLongf size = raw.size();
            ASSERT_EQ(uncompress(reinterpret_cast<Bytef*>(raw.data()), &size,
                                 reinterpret_cast<const Bytef*>(strip.data()), strip.size()),
                      Z_OK);
            for (std::size_t i = 0; i < size; i += wide ? 4 : 2) {
                std::uint32_t label = 0;  // little-endian
                for (std::size_t k = 0; k < (wide ? 4 : 2); ++k)
                    label |= std::to_integer<std::uint32_t>(raw[i + k]) << (8 * k);
                all.push_back(label);
            }
        }
        EXPECT_EQ(all, labels.labels);
    }
    // A row longer than a strip should be is a strip; a low plane is one strip.
    EXPECT_EQ((EncodedPlane{3, 200000, false, {}}).rows_per_strip(), 1);
    EXPECT_EQ((EncodedPlane{3, 10, false, {}}).rows_per_strip(), 3);
}

TEST(EncodedPlane, TheSamePlaneGivesTheSameBytes) {
    const LabelImage labels = random_labels(90, 80, 300, 6);
    EXPECT_EQ(to_bytes(encode_plane(labels)), to_bytes(encode_plane(labels)));
}

TEST(EncodedPlane, CutBytesAreRefused) {
    const Bytes whole = to_bytes(encode_plane(random_labels(20, 30, 50, 7)));
    for (std::size_t length = 0; length < whole.size(); ++length)
        expect_damaged([&] { plane_from_bytes(std::span(whole).first(length)); },
                       std::to_string(length) + " bytes");
    Bytes more = whole;
    more.push_back(std::byte{0});
    expect_damaged([&] { plane_from_bytes(more); }, "a byte too many");
}

TEST(EncodedPlane, ChangedBytesNeverGiveOtherLabels) {
    // Every byte of the header and of the strip, and never a crash.
    const LabelImage labels = random_labels(20, 30, 50, 8);
    const Bytes whole = to_bytes(encode_plane(labels));
    for (std::size_t i = 0; i < whole.size(); ++i)
        for (const unsigned flip : {1U, 0x80U, 0xffU}) {
            Bytes changed = whole;
            changed[i] ^= std::byte(flip);
            expect_damaged(
                [&] {
                    const LabelImage got = decode_plane(plane_from_bytes(changed));
                    if (got.labels != labels.labels)
                        throw std::runtime_error("decodes to other labels");
                    throw Error(ErrorKind::input, "the same labels");  // bits zlib does not use
                },
                "byte " + std::to_string(i));
        }
}

TEST(EncodedPlane, StripsThatDoNotFillThePlaneAreRefused) {
    const EncodedPlane plane = encode_plane(random_labels(300, 1001, 900, 9));
    ASSERT_GT(plane.strips.size(), 2U);
    const auto refused = [&](const std::string& what, auto change) {
        EncodedPlane changed = plane;
        change(changed);
        expect_damaged([&] { decode_plane(changed); }, what);
    };
    refused("a strip less", [](EncodedPlane& p) { p.strips.pop_back(); });
    refused("no strips", [](EncodedPlane& p) { p.strips.clear(); });
    refused("a strip more", [](EncodedPlane& p) { p.strips.push_back(p.strips.back()); });
    refused("strips exchanged", [](EncodedPlane& p) { std::swap(p.strips[0], p.strips.back()); });
    refused("narrower", [](EncodedPlane& p) { --p.width; });
    refused("wider", [](EncodedPlane& p) { ++p.width; });
    refused("lower", [](EncodedPlane& p) { --p.height; });
    refused("higher", [](EncodedPlane& p) { ++p.height; });
    refused("other pixels", [](EncodedPlane& p) { p.wide = !p.wide; });
    // Sizes that would take all memory before the first strip is looked at.
    refused("empty strips", [](EncodedPlane& p) {
        for (Bytes& strip : p.strips) strip.clear();
    });
    refused("huge", [](EncodedPlane& p) { p.height = p.width = std::int64_t{1} << 31; });
    refused("wide", [](EncodedPlane& p) {
        p.height = 1;
        p.width = std::int64_t{1} << 31;
        p.strips.resize(1);
    });
}

TEST(EncodedPlane, SidesThatMultiplyBeyondANumberAreDamage) {
    EncodedPlane plane;
    plane.height = plane.width = std::int64_t{1} << 31;
    plane.wide = true;
    plane.strips.resize(1U << 16);
    EXPECT_FALSE(can_hold(plane));
    expect_damaged([&] { decode_plane(plane); }, "2^31 x 2^31");
}

TEST(EncodedPlane, AHugeLabelIsCountedWithoutMemoryForAllBelowIt) {
    LabelImage labels{1, 4, {0, 1, 0xffffffff, 0xffffffff}, 0xffffffff, 2};
    expect_same(decode_plane(encode_plane(labels, true)), labels);
}

}  // namespace
}  // namespace cytofleet
