// Work that is recorded once and started again, and what an exception leaves behind.
#include <functional>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/support/replay.hpp"
#include "kernels/support/streams.hpp"

namespace cytofleet::cuda {
namespace {

using Numbers = std::vector<std::uint32_t>;

/// Copies one number to another, and counts how often it is asked to.
struct Copying {
    OwnStream own;
    Stream stream = own.get();
    DeviceArray<std::uint32_t> from{1};
    DeviceArray<std::uint32_t> to{1};
    Replay replay;
    int asked = 0;
    std::uint32_t sent = 0;  ///< here until it has gone up, whatever is thrown before
    std::function<void()> more;

    /// What arrives of `number`.
    std::uint32_t run(std::uint32_t number) {
        sent = number;
        copy_up(stream, from.data(), &sent, sizeof(sent));
        to.zero(stream);
        replay.run(stream, [this] {
            ++asked;
            copy_across(stream, to.data(), from.data(), sizeof(std::uint32_t));
            if (more) more();
        });
        return to.read(stream).at(0);
    }
};

TEST(Replay, AsksTwiceAndRunsEveryTime) {
    Copying copying;
    for (const std::uint32_t number : {3U, 4U, 5U, 6U}) EXPECT_EQ(copying.run(number), number);
    EXPECT_EQ(copying.asked, 2);
    copying.replay.forget();
    for (const std::uint32_t number : {7U, 8U, 9U}) EXPECT_EQ(copying.run(number), number);
    EXPECT_EQ(copying.asked, 4);
}

TEST(Replay, WhatWaitsIsNeverRecordedButRuns) {
    Copying copying;
    copying.more = [&] { synchronize(copying.stream); };
    for (const std::uint32_t number : {3U, 4U, 5U}) EXPECT_EQ(copying.run(number), number);
    // Once more for the record that failed.
    EXPECT_EQ(copying.asked, 4);
}

template <typename What>
void expect_nothing_left(const What& what, const std::string& name) {
    for (const int at : {1, 2}) {
        SCOPED_TRACE(name + " in call " + std::to_string(at));
        Copying copying;
        bool thrown = false;
        copying.more = [&] {
            if (copying.asked != at || std::exchange(thrown, true)) return;
            throw what;
        };
        for (int call = 1; call < at; ++call) EXPECT_EQ(copying.run(2), 2U);
        EXPECT_THROW(copying.run(3), What);
        // The stream runs what it is given, and can be waited for.
        Numbers got(1);
        const Numbers number{41};
        copy_up(copying.stream, copying.from.data(), number.data(), 4);
        copy_down(copying.stream, got.data(), copying.from.data(), 4);
        synchronize(copying.stream);
        EXPECT_EQ(got, number);
        // The call counts as none: the record is still made.
        for (std::uint32_t i = 5; i < 9; ++i) EXPECT_EQ(copying.run(i), i);
        EXPECT_EQ(copying.asked, 3);
    }
}

TEST(Replay, ExceptionsOfEveryKindLeaveNoStreamRecording) {
    expect_nothing_left(std::bad_alloc(), "bad_alloc");
    expect_nothing_left(std::runtime_error("something"), "runtime_error");
    expect_nothing_left(OutOfDeviceMemory("full"), "OutOfDeviceMemory");
    expect_nothing_left(7, "a number");
}

TEST(Replay, AnErrorOfTheDeviceOnlySpoilsTheRecord) {
    Copying copying;
    copying.more = [&] {
        if (copying.asked == 2) throw DeviceError("cannot be recorded");
    };
    for (const std::uint32_t number : {3U, 4U, 5U}) EXPECT_EQ(copying.run(number), number);
    EXPECT_EQ(copying.asked, 4);
}

TEST(Replay, ACaptureThatIsDroppedRunsNothing) {
    Copying copying;
    std::uint32_t number = 5;
    copy_up(copying.stream, copying.from.data(), &number, sizeof(number));
    copying.to.zero(copying.stream);
    {
        const Capture capture(copying.stream);
        copy_across(copying.stream, copying.to.data(), copying.from.data(), sizeof(number));
    }
    EXPECT_EQ(copying.to.read(copying.stream).at(0), 0U);
}

}  // namespace
}  // namespace cytofleet::cuda
