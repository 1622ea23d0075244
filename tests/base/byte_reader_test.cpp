#include "base/byte_reader.hpp"

#include <array>

#include <gtest/gtest.h>

#include "base/byte_writer.hpp"
#include "base/error.hpp"
#include "base/hash.hpp"

namespace cytofleet {
namespace {

TEST(ByteReader, ReadsBothOrders) {
    const std::array<std::byte, 4> bytes{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}};
    EXPECT_EQ(ByteReader(bytes, "x").read<std::uint32_t>(), 0x04030201U);
    EXPECT_EQ(ByteReader(bytes, "x", ByteOrder::big).read<std::uint32_t>(), 0x01020304U);
}

TEST(ByteReader, NeverStepsOverTheEnd) {
    const std::array<std::byte, 3> bytes{};
    ByteReader in(bytes, "the header");
    in.skip(1);
    EXPECT_THROW(in.read<std::uint32_t>(), Error);
    EXPECT_EQ(in.position(), 1U);
    EXPECT_THROW(in.take(~std::uint64_t{0}), Error);
    EXPECT_THROW(in.seek(4), Error);
    EXPECT_NO_THROW(in.seek(3));
    try {
        in.read<std::uint8_t>();
        FAIL();
    } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("the header"), std::string::npos);
    }
}

TEST(ByteWriter, IsReadBack) {
    ByteWriter out;
    out.write(std::int16_t{-7});
    out.write_text("frame");
    out.write(2.5);
    const auto bytes = out.take();
    ByteReader in(bytes, "x");
    EXPECT_EQ(in.read<std::int16_t>(), -7);
    EXPECT_EQ(in.take_text(in.read<std::uint64_t>()), "frame");
    EXPECT_EQ(in.read<double>(), 2.5);
    EXPECT_EQ(in.left(), 0U);
}

TEST(Sha256, MatchesTheStandard) {
    Sha256 hash;
    const std::string text = "abc";
    hash.update(std::as_bytes(std::span(text)));
    EXPECT_EQ(hash.hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace cytofleet
