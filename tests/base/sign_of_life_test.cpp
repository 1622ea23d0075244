#include "base/sign_of_life.hpp"

#include <thread>

#include <gtest/gtest.h>

#include "base/timer.hpp"

namespace cytofleet {
namespace {

TEST(SignOfLife, IsGivenOnceASecondWhileSomebodyIsTold) {
    give_sign_of_life();  // nobody is told
    int told = 0;
    int inner = 0;
    const Timer clock;
    {
        const SignsOfLife signs([&] { ++told; });
        while (told == 0) give_sign_of_life();
        EXPECT_GE(clock.seconds(), 1.0);
        std::thread([&] {
            const Timer other;
            while (other.seconds() < 1.2) give_sign_of_life();  // of another thread nobody is told
        }).join();
        EXPECT_EQ(told, 1);
        {
            const SignsOfLife nested([&] { ++inner; });
            while (inner == 0) give_sign_of_life();
        }
        EXPECT_EQ(told, 1);
        while (told == 1) give_sign_of_life();
        EXPECT_GE(clock.seconds(), told);
    }
    const int before = told;
    const Timer after;
    while (after.seconds() < 1.2) give_sign_of_life();
    EXPECT_EQ(told, before);
    EXPECT_EQ(inner, 1);
}

}  // namespace
}  // namespace cytofleet
