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
        give_sign_of_life();
        EXPECT_EQ(told, 0);
        while (clock.seconds() < 1.5) give_sign_of_life();
        EXPECT_EQ(told, 1);
        std::thread([&] {
            give_sign_of_life();  // of another thread nobody is told
        }).join();
        {
            const SignsOfLife nested([&] { ++inner; });
            while (clock.seconds() < 2.8) give_sign_of_life();
        }
        EXPECT_EQ(told, 1);
        EXPECT_EQ(inner, 1);
        give_sign_of_life();
        EXPECT_EQ(told, 2);
    }
    while (clock.seconds() < 4) give_sign_of_life();
    EXPECT_EQ(told, 2);
}

}  // namespace
}  // namespace cytofleet
