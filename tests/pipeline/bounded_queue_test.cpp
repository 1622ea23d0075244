// The queue between two threads: the faster one waits, and nobody waits for ever.
#include "pipeline/bounded_queue.hpp"

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace cytofleet {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

TEST(BoundedQueue, GivesBackInOrderWhatTwoThreadsExchange) {
    BoundedQueue<int> queue(3);
    std::thread writer([&] {
        for (int i = 0; i < 2000; ++i) EXPECT_TRUE(queue.push(i));
        queue.close();
    });
    int expected = 0;
    while (const auto value = queue.pop()) EXPECT_EQ(*value, expected++);
    writer.join();
    EXPECT_EQ(expected, 2000);
}

TEST(BoundedQueue, HoldsNoMoreThanItsCapacity) {
    BoundedQueue<int> queue(2);
    std::atomic<int> pushed = 0;
    std::thread writer([&] {
        for (int i = 0; i < 5; ++i) {
            queue.push(i);
            ++pushed;
        }
    });
    while (pushed < 2) std::this_thread::yield();
    std::this_thread::sleep_for(milliseconds(20));
    EXPECT_EQ(pushed, 2);
    EXPECT_EQ(queue.pop(), 0);
    while (pushed < 3) std::this_thread::yield();
    std::this_thread::sleep_for(milliseconds(20));
    EXPECT_EQ(pushed, 3);
    for (int i = 1; i < 5; ++i) EXPECT_EQ(queue.pop(), i);
    writer.join();
}

TEST(BoundedQueue, ClosingWakesWhoeverWaitsToPush) {
    BoundedQueue<int> queue(1);
    queue.push(1);
    std::atomic<bool> taken = true;
    std::thread writer([&] { taken = queue.push(2); });
    std::this_thread::sleep_for(milliseconds(10));
    queue.close();
    writer.join();
    EXPECT_FALSE(taken);
    EXPECT_EQ(queue.pop(), 1);
    EXPECT_EQ(queue.pop(), std::nullopt);  // what was refused is not inside
}

TEST(BoundedQueue, ClosingWakesWhoeverWaitsForAValue) {
    BoundedQueue<int> queue(1);
    std::thread reader([&] { EXPECT_EQ(queue.pop(), std::nullopt); });
    std::this_thread::sleep_for(milliseconds(10));
    queue.close();
    reader.join();
}

TEST(BoundedQueue, TellsTheEndApartFromNothingYet) {
    BoundedQueue<int> queue(4);
    bool ended = true;
    EXPECT_FALSE(queue.pop_within(microseconds(0), &ended));
    EXPECT_FALSE(ended);
    queue.push(7);
    queue.close();
    EXPECT_EQ(queue.pop_within(microseconds(0), &ended), 7);
    EXPECT_FALSE(ended) << "there was a value: whoever takes it asks again";
    EXPECT_FALSE(queue.pop_within(milliseconds(1000), &ended));
    EXPECT_TRUE(ended);
    EXPECT_FALSE(queue.push(8));
}

TEST(BoundedQueue, WaitsAsLongAsItIsTold) {
    BoundedQueue<int> queue(4);
    std::thread writer([&] {
        std::this_thread::sleep_for(milliseconds(20));
        queue.push(3);
    });
    EXPECT_EQ(queue.pop_within(std::chrono::seconds(30)), 3);
    writer.join();
}

TEST(BoundedQueue, CarriesWhatCannotBeCopied) {
    BoundedQueue<std::unique_ptr<int>> queue(1);
    EXPECT_TRUE(queue.push(std::make_unique<int>(5)));
    EXPECT_EQ(**queue.pop(), 5);
}

}  // namespace
}  // namespace cytofleet
