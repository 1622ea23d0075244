// Records survive a message, and damaged messages are refused.
#include "schedule/frame_record.hpp"

#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace cytofleet {
namespace {

std::vector<FrameRecord> some_records() {
    FrameRecord plain;
    plain.frame = {7, 1, 42};
    plain.rank = 3;
    plain.offset = std::uint64_t{1} << 40;
    plain.length = 12345;
    plain.checksum = std::numeric_limits<std::uint64_t>::max();
    plain.cells = 70'000;
    plain.largest = 5;
    plain.times = {0.125, 0.25, 3, 1e-9};
    FrameRecord failed;
    failed.frame = {0, 0, 0};
    failed.state = FrameState::quarantined;
    failed.spool = std::numeric_limits<std::int32_t>::max();
    failed.notes = {"is cut short", "", std::string("bytes \0 and \xff", 12)};
    return {plain, failed, FrameRecord{}};
}

TEST(FrameRecords, ComeBackAsTheyWere) {
    EXPECT_EQ(records_from_bytes(to_bytes(some_records())), some_records());
    EXPECT_TRUE(records_from_bytes(to_bytes(std::vector<FrameRecord>{})).empty());
}

TEST(FrameRecords, AreRefusedWhenCutShortOrTooLong) {
    const auto bytes = to_bytes(some_records());
    for (std::size_t length = 0; length < bytes.size(); ++length)
        EXPECT_THROW(records_from_bytes(std::span(bytes).first(length)), Error) << length;
    auto longer = bytes;
    longer.push_back(std::byte{0});
    EXPECT_THROW(records_from_bytes(longer), Error);
}

TEST(FrameRecords, DamagedBytesAreRefusedOrReadWithinBounds) {
    std::mt19937 random(9);
    const auto bytes = to_bytes(some_records());
    for (int round = 0; round < 5000; ++round) {
        auto damaged = bytes;
        for (int k = 0; k < 3; ++k)
            damaged[random() % damaged.size()] = static_cast<std::byte>(random() & 0xff);
        try {
            EXPECT_EQ(to_bytes(records_from_bytes(damaged)), damaged);
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::input);
        }
    }
}

}  // namespace
}  // namespace cytofleet
