#include "kernels/flow/flow.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/resize/resize.hpp"
#include "support/numbers.hpp"

namespace cytofleet::test {
namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr std::array steppings{Stepping::cpu, Stepping::cuda, Stepping::nearest};

/// Flows and logits of a frame; the threshold is 0.
struct Frame {
    Extent extent;
    std::vector<float> flows;
    std::vector<float> logits;

    Frame(Extent size, std::vector<float> values)
        : extent(size),
          flows(std::move(values)),
          logits(static_cast<std::size_t>(size.pixels()), 1.0F) {}

    StepField field(Stepping stepping) const {
        return {{1}, flows, logits, extent.height, extent.width, 0.0F, stepping};
    }
    std::vector<std::uint32_t> pixels() const {
        return foreground_pixels({1}, logits, extent.height, extent.width, 0.0F);
    }
};

Frame noise(Extent extent, std::uint32_t seed, float pixels_long) {
    return {extent, random_floats(2 * extent.pixels(), seed, 5 * pixels_long)};
}

/// Row and column of a pixel.
Point place_of(std::int64_t pixel, std::int64_t width) {
    const std::int64_t y = pixel / width;
    const std::int64_t x = pixel % width;
    return {static_cast<float>(y), static_cast<float>(x)};
}

/// The plain twin: step_of(), one point after the other.
std::vector<Point> followed_one_by_one(const StepField& field,
                                       const std::vector<std::uint32_t>& pixels,
                                       std::int64_t steps) {
    const StepFieldView view = field.view();
    std::vector<Point> ends;
    for (const std::uint32_t pixel : pixels) {
        Point p = start_of(field.stepping(), view, place_of(pixel, view.width));
        for (std::int64_t step = 0; step < steps; ++step) p = step_of(field.stepping(), view, p);
        ends.push_back(end_of(field.stepping(), view, p));
    }
    return ends;
}

/// Every bit, but one NaN is as good as another.
testing::AssertionResult same_ends(const std::vector<Point>& got,
                                   const std::vector<Point>& wanted) {
    const auto same = [](float a, float b) {
        return (std::isnan(a) && std::isnan(b)) ||
               std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b);
    };
    if (got.size() != wanted.size())
        return testing::AssertionFailure() << got.size() << " ends, not " << wanted.size();
    for (std::size_t i = 0; i < got.size(); ++i)
        if (!same(got[i].y, wanted[i].y) || !same(got[i].x, wanted[i].x))
            return testing::AssertionFailure()
                   << "point " << i << " ends at " << got[i].y << ", " << got[i].x << ", not "
                   << wanted[i].y << ", " << wanted[i].x;
    return testing::AssertionSuccess();
}

/// follow_flow() by every instruction set, and on two threads, against the plain twin.
void expect_ends(const StepField& field, const std::vector<std::uint32_t>& pixels,
                 std::int64_t steps, const std::vector<Point>& wanted) {
    const auto run = [&](const std::string& how, int threads) {
        std::vector<Point> ends(pixels.size(), {nan, nan});
        follow_flow({threads}, field, pixels, steps, ends);
        EXPECT_TRUE(same_ends(ends, wanted))
            << how << ", " << steps << " steps, stepping " << static_cast<int>(field.stepping())
            << ", " << field.view().height << " x " << field.view().width;
    };
    for_every_simd([&](const std::string& name) { run(name, 1); });
    run("two threads", 2);
}

void check(const Frame& frame, std::initializer_list<std::int64_t> all_steps) {
    const std::vector<std::uint32_t> pixels = frame.pixels();
    for (const Stepping stepping : steppings) {
        const StepField field = frame.field(stepping);
        for (const std::int64_t steps : all_steps)
            expect_ends(field, pixels, steps, followed_one_by_one(field, pixels, steps));
    }
}

TEST(Flow, AStepByHand) {
    // Flows of 5 are one pixel long. Y flow 0.25 and 0.5 in the rows, X flow 1 in the first column.
    const Frame frame({2, 3}, {1.25F, 1.25F, 1.25F, 2.5F, 2.5F, 2.5F, 5, 0, 0, 5, 0, 0});
    const StepField cpu = frame.field(Stepping::cpu);
    EXPECT_EQ(step_cpu_variant(cpu.view(), {0, 0}), (Point{0.25F, 1}));
    EXPECT_EQ(step_cpu_variant(cpu.view(), {0.25F, 1}), (Point{0.5625F, 1}));
    EXPECT_EQ(step_cpu_variant(cpu.view(), {0.5F, 0.5F}), (Point{0.875F, 1}));
    EXPECT_EQ(step_cpu_variant(cpu.view(), {0.75F, 2}), (Point{1, 2}));  // kept in the frame
    const StepField nearest = frame.field(Stepping::nearest);
    EXPECT_EQ(step_nearest(nearest.view(), {0.75F, 0.5F}), (Point{1, 1.5F}));
    EXPECT_EQ(step_nearest(nearest.view(), {1, 1.5F}), (Point{1, 1.5F}));
    // The middle of the frame in -1 to 1: rows half and half, the middle column. Y is scaled by
    // 2/(2-1), X by 2/(3-1).
    const StepField cuda = frame.field(Stepping::cuda);
    EXPECT_EQ(step_cuda_variant(cuda.view(), {0, 0}), (Point{0.75F, 0}));
    // A corner is sampled half a pixel outside: a quarter of the corner's flow and zeros.
    EXPECT_EQ(step_cuda_variant(cuda.view(), {-1, -1}), (Point{-0.875F, -0.75F}));
    EXPECT_EQ(end_of(Stepping::cuda, cuda.view(), {-0.875F, -0.75F}), (Point{0.0625F, 0.25F}));
}

TEST(Flow, EqualsOnePointAtATime) {
    for (const Extent extent : {Extent{1, 1}, Extent{1, 7}, Extent{9, 1}, Extent{2, 2},
                                Extent{5, 3}, Extent{37, 31}, Extent{66, 33}}) {
        check(noise(extent, 3, 1.0F), {0, 1, 7});
        check(noise(extent, 4, 0.2F), {200});
    }
}

TEST(Flow, LongJumpsStayInTheFrame) {
    check(noise({19, 23}, 5, 40.0F), {1, 2, 33});
    check(noise({19, 23}, 6, 1e30F), {1, 2, 33});
}

TEST(Flow, ConvergingFlowsComeToRest) {
    const Extent extent{40, 41};
    std::vector<float> flows(static_cast<std::size_t>(2 * extent.pixels()));
    for (std::int64_t i = 0; i < extent.pixels(); ++i) {
        const Point place = place_of(i, extent.width);
        const double dy = 19.3 - static_cast<double>(place.y);
        const double dx = 20.6 - static_cast<double>(place.x);
        const double length = std::max(1.0, std::hypot(dy, dx));
        flows[static_cast<std::size_t>(i)] = static_cast<float>(5 * dy / length);
        flows[static_cast<std::size_t>(extent.pixels() + i)] = static_cast<float>(5 * dx / length);
    }
    const Frame frame(extent, flows);
    check(frame, {200});
    std::vector<Point> ends(frame.pixels().size());
    follow_flow({2}, frame.field(Stepping::cpu), frame.pixels(), 200, ends);
    for (const Point end : ends) ASSERT_LT(std::hypot(end.y - 19.3, end.x - 20.6), 0.01);
}

TEST(Flow, NanAndInfiniteFlowsSpoilOnlyWhoMeetsThem) {
    for (const float bad : {nan, infinity, -infinity, 3e38F}) {
        Frame frame = noise({33, 35}, 8, 0.6F);
        std::mt19937 bits(9);
        for (int k = 0; k < 25; ++k) frame.flows[bits() % frame.flows.size()] = bad;
        check(frame, {1, 7, 60});
        const std::vector<Point> ends =
            followed_one_by_one(frame.field(Stepping::cpu), frame.pixels(), 60);
        const auto spoiled =
            std::ranges::count_if(ends, [](Point end) { return std::isnan(end.y + end.x); });
        EXPECT_LT(spoiled, std::ssize(ends));
        EXPECT_EQ(spoiled > 0, bad != 3e38F);
    }
}

TEST(Flow, BackgroundStandsStill) {
    Frame frame = noise({41, 47}, 10, 1.0F);
    frame.logits = random_floats(frame.extent.pixels(), 11);
    check(frame, {1, 30});
    // Points that come to a pixel of the background stay there.
    const StepField field = frame.field(Stepping::nearest);
    std::vector<Point> ends(frame.pixels().size());
    follow_flow({1}, field, frame.pixels(), 500, ends);
    std::int64_t outside = 0;
    for (const Point end : ends)
        if (frame.logits[static_cast<std::size_t>(end.y) * 47 + static_cast<std::size_t>(end.x)] <=
            0.0F)
            ++outside;
    EXPECT_GT(outside, 0);
}

/// Every pixel jumps to another one, given by its index: paths are known without any arithmetic.
class Jumps {
  public:
    Jumps(Extent extent, std::vector<std::int64_t> to) : extent_(extent), to_(std::move(to)) {}

    Frame frame() const {
        std::vector<float> flows(2 * to_.size());
        for (std::size_t i = 0; i < to_.size(); ++i) {
            const Point from = place_of(static_cast<std::int64_t>(i), extent_.width);
            const Point to = place_of(to_[i], extent_.width);
            flows[i] = 5 * (to.y - from.y);
            flows[to_.size() + i] = 5 * (to.x - from.x);
        }
        return {extent_, flows};
    }
    Point end(std::uint32_t pixel, std::int64_t steps) const {
        std::int64_t at = pixel;
        for (std::int64_t step = 0; step < steps; ++step) at = to_[static_cast<std::size_t>(at)];
        return place_of(at, extent_.width);
    }

  private:
    Extent extent_;
    std::vector<std::int64_t> to_;
};

void check_jumps(const Jumps& jumps, std::initializer_list<std::int64_t> all_steps) {
    const Frame frame = jumps.frame();
    const std::vector<std::uint32_t> pixels = frame.pixels();
    for (const std::int64_t steps : all_steps) {
        std::vector<Point> wanted;
        wanted.reserve(pixels.size());
        for (const std::uint32_t pixel : pixels) wanted.push_back(jumps.end(pixel, steps));
        for (const Stepping stepping : {Stepping::cpu, Stepping::nearest})
            expect_ends(frame.field(stepping), pixels, steps, wanted);
    }
}

TEST(Flow, CyclesOfAnyLengthEndWhereStepsSay) {
    // One row of cycles of 1, 2, 3, ... 70 pixels: looking back at powers of two, or forgetting the
    // rest of a round, shows in some.
    std::vector<std::int64_t> to;
    for (std::int64_t length = 1; length <= 70; ++length) {
        const auto first = std::ssize(to);
        for (std::int64_t i = 0; i < length; ++i) to.push_back(first + (i + 1) % length);
    }
    check_jumps({{1, std::ssize(to)}, to}, {1, 69, 70, 127, 128, 129, 200, 1000});
}

TEST(Flow, TailsThatLeadIntoLongCycles) {
    // A random map: tails and cycles of about the square root of its size.
    const Extent extent{61, 67};
    std::mt19937 bits(12);
    std::vector<std::int64_t> to(static_cast<std::size_t>(extent.pixels()));
    for (std::int64_t& target : to) target = static_cast<std::int64_t>(bits() % to.size());
    check_jumps({extent, to}, {1, 63, 64, 65, 200, 333});
    // And one cycle through all pixels of a frame, longer than the steps.
    std::vector<std::int64_t> next(static_cast<std::size_t>(extent.pixels()));
    for (std::int64_t i = 0; i < extent.pixels(); ++i) next[i] = (i + 1) % extent.pixels();
    check_jumps({extent, next}, {200});
}

TEST(Flow, StepsBeyondCountingAreRoundsOfACycle) {
    const Extent extent{1, 7};  // 0 to 4 go round, 5 leads in, 6 stays
    const Frame frame = Jumps(extent, {1, 2, 3, 4, 0, 0, 6}).frame();
    const std::int64_t steps = std::int64_t{1} << 30;  // 4 more than a multiple of 5
    std::vector<Point> ends(7);
    for (const Stepping stepping : {Stepping::cpu, Stepping::nearest}) {
        follow_flow({1}, frame.field(stepping), frame.pixels(), steps, ends);
        const std::array<float, 7> wanted{4, 0, 1, 2, 3, 3, 6};
        for (std::size_t i = 0; i < 7; ++i) EXPECT_EQ(ends[i], (Point{0, wanted[i]})) << i;
    }
}

TEST(Flow, AnyChoiceAndOrderOfPoints) {
    const Frame frame = noise({30, 50}, 13, 0.7F);
    std::mt19937 bits(14);
    for (const std::size_t count : {0U, 1U, 3U, 15U, 17U, 1023U, 1024U, 1025U, 3000U}) {
        std::vector<std::uint32_t> pixels(count);
        for (std::uint32_t& pixel : pixels) pixel = static_cast<std::uint32_t>(bits() % 1500);
        const StepField field = frame.field(Stepping::cpu);
        std::vector<Point> ends(count);
        follow_flow({2}, field, pixels, 40, ends);
        EXPECT_TRUE(same_ends(ends, followed_one_by_one(field, pixels, 40))) << count;
    }
}

TEST(Flow, BrokenPromisesAreRefused) {
    const Frame frame = noise({3, 4}, 1, 1.0F);
    const StepField field = frame.field(Stepping::cpu);
    std::vector<Point> ends(12);
    EXPECT_THROW(follow_flow({1}, field, frame.pixels(), -1, ends), std::logic_error);
    EXPECT_THROW(follow_flow({1}, field, frame.pixels(), (std::int64_t{1} << 30) + 1, ends),
                 std::logic_error);
    ends.resize(11);
    EXPECT_THROW(follow_flow({1}, field, frame.pixels(), 1, ends), std::logic_error);
}

}  // namespace
}  // namespace cytofleet::test
