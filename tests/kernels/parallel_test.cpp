// Loops over threads: everything once, and exceptions come out of them.
#include "kernels/support/parallel.hpp"

#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace cytofleet {
namespace {

TEST(Parallel, PiecesCoverEverythingInOrderAndAreEqual) {
    for (const std::int64_t count : {0, 1, 2, 7, 64, 1000})
        for (const int pieces : {1, 2, 3, 7, 64}) {
            std::int64_t at = 0;
            for (int i = 0; i < pieces; ++i) {
                const Piece piece = piece_of(count, i, pieces);
                EXPECT_EQ(piece.begin, at);
                EXPECT_GE(piece.end - piece.begin, count / pieces);
                EXPECT_LE(piece.end - piece.begin, count / pieces + 1);
                at = piece.end;
            }
            EXPECT_EQ(at, count);
        }
    const std::int64_t huge = std::int64_t{1} << 62;
    EXPECT_EQ(piece_of(huge, 2, 3).end, huge);
}

TEST(Parallel, EachNumberIsCalledOnceByAThreadThatIsThere) {
    for (const int threads : {1, 2, 5})
        for (const std::int64_t count : {0, 1, 4, 1000}) {
            std::vector<int> even(static_cast<std::size_t>(count));
            std::vector<int> demand(even.size());
            std::atomic<bool> strange = false;
            parallel_even({threads}, count, [&](std::int64_t i, int thread) {
                ++even[static_cast<std::size_t>(i)];
                if (thread < 0 || thread >= threads) strange = true;
            });
            for (const std::int64_t grain : {1, 3, 64})
                parallel_on_demand({threads}, count, grain, [&](std::int64_t i, int thread) {
                    ++demand[static_cast<std::size_t>(i)];
                    if (thread < 0 || thread >= threads) strange = true;
                });
            EXPECT_EQ(even, std::vector<int>(even.size(), 1));
            EXPECT_EQ(demand, std::vector<int>(even.size(), 3));
            EXPECT_FALSE(strange);
        }
}

/// What `loop` throws.
template <class Loop>
std::string thrown(const Loop& loop) {
    try {
        loop();
    } catch (const std::bad_alloc&) {
        return "bad_alloc";
    } catch (const std::exception& error) {
        return error.what();
    }
    return "nothing";
}

TEST(Parallel, AnExceptionComesOutAndTheNextLoopIsAsEver) {
    for (const int threads : {1, 2, 5})
        for (const std::int64_t where : {0, 50, 99}) {
            const auto fails = [&](std::int64_t i) {
                if (i == where) throw std::bad_alloc();
            };
            EXPECT_EQ(thrown([&] { parallel_even({threads}, 100, fails); }), "bad_alloc");
            EXPECT_EQ(thrown([&] { parallel_on_demand({threads}, 100, 7, fails); }), "bad_alloc");
            EXPECT_EQ(thrown([&] {
                          parallel_threads({threads},
                                           [](int, int) { throw std::runtime_error("all"); });
                      }),
                      "all");
            std::atomic<int> calls = 0;
            EXPECT_EQ(
                thrown([&] { parallel_even({threads}, 100, [&](std::int64_t) { ++calls; }); }),
                "nothing");
            EXPECT_EQ(calls, 100);
        }
}

TEST(Parallel, AfterAnExceptionNoMoreIsTaken) {
    std::atomic<int> calls = 0;
    EXPECT_EQ(thrown([&] {
                  parallel_on_demand({1}, 1000, 1, [&](std::int64_t i) {
                      ++calls;
                      if (i == 10) throw std::runtime_error("here");
                  });
              }),
              "here");
    EXPECT_EQ(calls, 11);
}

}  // namespace
}  // namespace cytofleet
