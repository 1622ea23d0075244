// From the ends of points to labels.
#include "kernels/seeds/seeds.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <stdexcept>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/resize/resize.hpp"
#include "kernels/seeds/label_points.hpp"

namespace cytofleet::test {
namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr Variant variants[] = {Variant::cpu, Variant::cuda};

/// Ends that gather around random places of a frame, some of them close together.
std::vector<Point> gathered(Extent extent, std::size_t places, std::size_t points,
                            std::uint32_t seed) {
    std::mt19937 bits(seed);
    const auto random = [&bits](std::int64_t length) {
        return static_cast<float>(bits() % 1000U) / 1000.0F * static_cast<float>(length - 1);
    };
    std::vector<Point> middles;
    for (std::size_t k = 0; k < places; ++k)
        middles.push_back({random(extent.height), random(extent.width)});
    std::vector<Point> ends;
    for (std::size_t i = 0; i < points; ++i) {
        const Point middle = middles[bits() % places];
        const float y = middle.y + random(5) - 2;
        const float x = middle.x + random(5) - 2;
        ends.push_back({std::clamp(y, 0.0F, static_cast<float>(extent.height - 1)),
                        std::clamp(x, 0.0F, static_cast<float>(extent.width - 1))});
    }
    return ends;
}

TEST(CountEnds, EndsAreCutToBins) {
    const EndCounts counts =
        count_ends(std::vector<Point>{{0, 0}, {0.99F, 0.99F}, {-0.5F, -0.99F}, {2, 3.5F}}, 3, 5);
    ASSERT_EQ(counts.height, 43);
    ASSERT_EQ(counts.width, 45);
    ASSERT_EQ(counts.count.size(), 43U * 45U);
    EXPECT_EQ(counts.count[20 * 45 + 20], 3U);
    EXPECT_EQ(counts.count[22 * 45 + 23], 1U);
    EXPECT_EQ(std::count(counts.count.begin(), counts.count.end(), 0U), 43 * 45 - 2);
}

TEST(CountEnds, EndsOutsideAreKeptInside) {
    const EndCounts counts = count_ends({}, 3, 5);
    EXPECT_EQ(counts.bin({-20, -20}), 0);
    EXPECT_EQ(counts.bin({-21, -1e30F}), 0);
    EXPECT_EQ(counts.bin({-infinity, -infinity}), 0);
    // Behind the frame nothing is left: the last bin is the last pixel's.
    EXPECT_EQ(counts.bin({2.9F, 4.9F}), 22 * 45 + 24);
    EXPECT_EQ(counts.bin({3, 5}), 22 * 45 + 24);
    EXPECT_EQ(counts.bin({infinity, 1e30F}), 22 * 45 + 24);
    EXPECT_EQ(counts.bin({nan, 1}), 21);
    EXPECT_EQ(counts.bin({1, nan}), 21 * 45);
    EXPECT_EQ(counts.bin({nan, nan}), 0);
}

/// cellpose3.md 5.4 steps 2 and 3 with what torch does: pairs of count and index, sorted by count.
std::vector<Seed> seeds_plainly(const EndCounts& counts, Variant variant) {
    std::vector<std::pair<std::int64_t, std::int64_t>> found;
    for (std::int64_t y = 0; y < counts.height; ++y)
        for (std::int64_t x = 0; x < counts.width; ++x) {
            const std::uint32_t here = counts.count[static_cast<std::size_t>(y * counts.width + x)];
            std::uint32_t highest = 0;
            for (std::int64_t j = y - 2; j <= y + 2; ++j)
                for (std::int64_t i = x - 2; i <= x + 2; ++i)
                    if (j >= 0 && i >= 0 && j < counts.height && i < counts.width)
                        highest = std::max(
                            highest, counts.count[static_cast<std::size_t>(j * counts.width + i)]);
            if (here == highest && here > 10) found.emplace_back(here, y * counts.width + x);
        }
    const auto by_count = [](const auto& a, const auto& b) { return a.first < b.first; };
    if (variant == Variant::cpu && found.size() <= 32767)
        std::sort(found.begin(), found.end(), by_count);
    else
        std::stable_sort(found.begin(), found.end(), by_count);
    std::vector<Seed> out;
    out.reserve(found.size());
    for (const auto& [count, bin] : found)
        out.push_back({static_cast<std::uint32_t>(count), static_cast<std::uint32_t>(bin)});
    return out;
}

std::vector<std::uint32_t> bins_of(const std::vector<Seed>& seeds) {
    std::vector<std::uint32_t> out;
    out.reserve(seeds.size());
    for (const Seed seed : seeds) out.push_back(seed.bin);
    return out;
}

void check_seeds(const EndCounts& counts) {
    for (const Variant variant : variants) {
        const std::vector<Seed> wanted = seeds_plainly(counts, variant);
        for (const int threads : {1, 2}) {
            const std::vector<Seed> seeds = find_seeds({threads}, counts, variant);
            EXPECT_EQ(bins_of(seeds), bins_of(wanted));
            for (const Seed seed : seeds) ASSERT_EQ(seed.count, counts.count[seed.bin]);
        }
    }
}

TEST(FindSeeds, EqualsAPlainLoop) {
    for (const Extent extent : {Extent{1, 1}, Extent{1, 50}, Extent{33, 20}, Extent{90, 101}}) {
        check_seeds(count_ends(gathered(extent, 3, 500, 1), extent.height, extent.width));
        check_seeds(count_ends(gathered(extent, 40, 6000, 2), extent.height, extent.width));
    }
}

/// Counts in an empty frame, (y, x) of the frame.
EndCounts counts_at(Extent extent, const std::map<std::pair<int, int>, std::uint32_t>& values) {
    EndCounts counts = count_ends({}, extent.height, extent.width);
    for (const auto& [at, value] : values)
        counts.count[static_cast<std::size_t>((at.first + end_bin_pad) * counts.width + at.second +
                                              end_bin_pad)] = value;
    return counts;
}

TEST(FindSeeds, MoreThanTenAndHighestInFiveByFive) {
    // 10 is too few; 30 hides 29 two bins away but not 28 three bins away; equals are both seeds.
    const EndCounts counts = counts_at({40, 40}, {{{5, 5}, 10},
                                                  {{5, 15}, 11},
                                                  {{20, 20}, 30},
                                                  {{22, 22}, 29},
                                                  {{20, 17}, 28},
                                                  {{35, 5}, 40},
                                                  {{35, 6}, 40}});
    const auto bin = [&counts](std::int64_t y, std::int64_t x) {
        return static_cast<std::uint32_t>((y + 20) * counts.width + x + 20);
    };
    for (const Variant variant : variants)
        EXPECT_EQ(bins_of(find_seeds({1}, counts, variant)),
                  (std::vector{bin(5, 15), bin(20, 17), bin(20, 20), bin(35, 5), bin(35, 6)}));
    check_seeds(counts);
}

TEST(FindSeeds, TiesAreOrderedAsTheDeviceDoes) {
    // A plateau: every bin is a seed, all counts are equal, the rest is the sort's doing.
    for (const std::int64_t side : {4, 5, 100, 180, 182}) {  // 16, 25, 10000, 32400, 33124 seeds
        EndCounts counts = count_ends({}, side, side);
        for (std::int64_t y = 20; y < 20 + side; ++y)
            for (std::int64_t x = 20; x < 20 + side; ++x)
                counts.count[static_cast<std::size_t>(y * counts.width + x)] = 12;
        check_seeds(counts);
        const std::vector<std::uint32_t> on_cpu = bins_of(find_seeds({1}, counts, Variant::cpu));
        const std::vector<std::uint32_t> on_cuda = bins_of(find_seeds({1}, counts, Variant::cuda));
        EXPECT_TRUE(std::ranges::is_sorted(on_cuda));
        // libstdc++'s sort is stable up to 16 elements, torch's from 32768 on.
        EXPECT_EQ(std::ranges::is_sorted(on_cpu), side == 4 || side == 182) << side;
    }
}

/// cellpose3.md 5.4 steps 4 and 5: a seed grows by dilating and masking its window five times.
std::vector<std::uint32_t> grown_plainly(const EndCounts& counts, const std::vector<Seed>& seeds) {
    std::vector<std::uint32_t> labels(counts.count.size());
    for (std::size_t k = 0; k < seeds.size(); ++k) {
        const std::int64_t top = seeds[k].bin / counts.width - 5;
        const std::int64_t left = seeds[k].bin % counts.width - 5;
        bool grown[11][11] = {};
        grown[5][5] = true;
        for (int step = 0; step < 5; ++step) {
            bool next[11][11] = {};
            for (int y = 0; y < 11; ++y)
                for (int x = 0; x < 11; ++x)
                    for (int j = std::max(0, y - 1); j <= std::min(10, y + 1); ++j)
                        for (int i = std::max(0, x - 1); i <= std::min(10, x + 1); ++i)
                            if (grown[j][i] && counts.count[static_cast<std::size_t>(
                                                   (top + y) * counts.width + left + x)] > 2)
                                next[y][x] = true;
            std::copy(&next[0][0], &next[0][0] + 121, &grown[0][0]);
        }
        for (int y = 0; y < 11; ++y)
            for (int x = 0; x < 11; ++x)
                if (grown[y][x])
                    labels[static_cast<std::size_t>((top + y) * counts.width + left + x)] =
                        static_cast<std::uint32_t>(k + 1);
    }
    return labels;
}

TEST(GrowSeeds, EqualsAPlainLoop) {
    for (const Extent extent : {Extent{1, 1}, Extent{1, 50}, Extent{33, 20}, Extent{90, 101}})
        for (const std::size_t points : {500U, 6000U, 30000U}) {
            const EndCounts counts =
                count_ends(gathered(extent, 40, points, 3), extent.height, extent.width);
            const std::vector<Seed> seeds = find_seeds({1}, counts, Variant::cpu);
            EXPECT_EQ(grow_seeds(counts, seeds), grown_plainly(counts, seeds));
        }
}

TEST(GrowSeeds, FiveStepsOverMoreThanTwo) {
    // A snake that would be within five bins of the seed but is longer to walk, and a diagonal one.
    std::map<std::pair<int, int>, std::uint32_t> values{{{10, 10}, 50}};
    for (int k = 1; k <= 7; ++k) values[{10 + k, 10 + k}] = 3;
    for (int k = 1; k <= 4; ++k) values[{10, 10 - k}] = 3;
    values[{11, 5}] = values[{12, 5}] = 3;  // steps 5 and 6
    values[{9, 11}] = 2;                    // too few
    const EndCounts counts = counts_at({30, 30}, values);
    const std::vector<Seed> seeds = find_seeds({1}, counts, Variant::cpu);
    ASSERT_EQ(seeds.size(), 1U);
    const std::vector<std::uint32_t> labels = grow_seeds(counts, seeds);
    const auto at = [&](std::int64_t y, std::int64_t x) {
        return labels[static_cast<std::size_t>((y + 20) * counts.width + x + 20)];
    };
    EXPECT_EQ(at(10, 10), 1U);
    EXPECT_EQ(at(15, 15), 1U);
    EXPECT_EQ(at(16, 16), 0U);
    EXPECT_EQ(at(10, 6), 1U);
    EXPECT_EQ(at(11, 5), 1U);
    EXPECT_EQ(at(12, 5), 0U);
    EXPECT_EQ(at(9, 11), 0U);
    EXPECT_EQ(std::count(labels.begin(), labels.end(), 1U), 11);
}

TEST(GrowSeeds, LaterSeedsGoOverEarlierOnes) {
    std::map<std::pair<int, int>, std::uint32_t> values;
    for (int x = 5; x <= 15; ++x) values[{10, x}] = 3;
    values[{10, 7}] = 40;  // the smaller one comes first and loses what both reach
    values[{10, 13}] = 41;
    const EndCounts counts = counts_at({30, 30}, values);
    const std::vector<std::uint32_t> labels =
        grow_seeds(counts, find_seeds({1}, counts, Variant::cpu));
    for (int x = 5; x <= 15; ++x)
        EXPECT_EQ(labels[static_cast<std::size_t>(30 * counts.width + x + 20)], x < 8 ? 1U : 2U)
            << x;
}

TEST(GrowSeeds, WindowsThatLeaveTheBinsAreRefused) {
    const EndCounts counts = count_ends({}, 3, 5);  // 43 x 45 bins
    const auto edge = [&counts](std::int64_t y, std::int64_t x) {
        return at_the_edge(counts, {11, static_cast<std::uint32_t>(y * counts.width + x)});
    };
    EXPECT_FALSE(edge(5, 5));
    EXPECT_FALSE(edge(37, 39));
    EXPECT_TRUE(edge(4, 20));
    EXPECT_TRUE(edge(20, 4));
    EXPECT_TRUE(edge(38, 20));
    EXPECT_TRUE(edge(20, 40));
    EXPECT_TRUE(edge(0, 0));
    // Eleven points without a place meet in bin 0.
    const EndCounts spoiled = count_ends(std::vector<Point>(11, {nan, nan}), 3, 5);
    const std::vector<Seed> seeds = find_seeds({1}, spoiled, Variant::cpu);
    ASSERT_EQ(seeds.size(), 1U);
    EXPECT_TRUE(at_the_edge(spoiled, seeds[0]));
    EXPECT_THROW(grow_seeds(spoiled, seeds), std::logic_error);
}

/// cellpose3.md 5.4 steps 6 to 8.
std::uint32_t labelled_plainly(const EndCounts& counts,
                               const std::vector<std::uint32_t>& bin_labels,
                               const std::vector<std::uint32_t>& pixels,
                               const std::vector<Point>& ends, double largest,
                               std::vector<std::uint32_t>& labels) {
    for (std::size_t i = 0; i < pixels.size(); ++i)
        labels[pixels[i]] = bin_labels[static_cast<std::size_t>(counts.bin(ends[i]))];
    std::map<std::uint32_t, double> sizes;
    for (const std::uint32_t label : labels) ++sizes[label];
    std::map<std::uint32_t, std::uint32_t> numbers;
    for (std::uint32_t& label : labels) {
        if (label == 0) continue;
        if (sizes[label] > largest) {
            label = 0;
            continue;
        }
        label =
            numbers.emplace(label, static_cast<std::uint32_t>(numbers.size() + 1)).first->second;
    }
    return static_cast<std::uint32_t>(numbers.size());
}

TEST(LabelPoints, EqualsAPlainLoop) {
    const Extent extent{70, 91};
    std::vector<std::uint32_t> pixels;
    for (std::uint32_t i = 0; i < 70 * 91; ++i)
        if (i % 7 != 3) pixels.push_back(i);
    std::mt19937 bits(5);
    std::shuffle(pixels.begin(), pixels.end(), bits);  // the order of the list must not show
    const std::vector<Point> ends = gathered(extent, 25, pixels.size(), 6);
    const EndCounts counts = count_ends(ends, extent.height, extent.width);
    const std::vector<Seed> seeds = find_seeds({1}, counts, Variant::cpu);
    const std::vector<std::uint32_t> bins = grow_seeds(counts, seeds);
    std::map<std::uint32_t, std::uint32_t> sizes;
    for (const Point end : ends) ++sizes[bins[static_cast<std::size_t>(counts.bin(end))]];
    ASSERT_GT(sizes.size(), 15U);
    const double middling = sizes.at(8);
    for (const double largest : {1e9, middling, middling - 1, middling - 0.5, 0.0}) {
        std::vector<std::uint32_t> wanted(static_cast<std::size_t>(extent.pixels()));
        const std::uint32_t left = labelled_plainly(counts, bins, pixels, ends, largest, wanted);
        for (const int threads : {1, 2}) {
            std::vector<std::uint32_t> labels(wanted.size());
            EXPECT_EQ(
                label_points({threads}, counts, bins, seeds.size(), pixels, ends, largest, labels),
                left);
            EXPECT_EQ(labels, wanted) << "at most " << largest;
        }
    }
}

TEST(LabelPoints, BrokenPromisesAreRefused) {
    const EndCounts counts = count_ends({}, 3, 5);
    std::vector<std::uint32_t> bins(counts.count.size());
    const std::vector<std::uint32_t> pixels(3);
    std::vector<Point> ends(3);
    std::vector<std::uint32_t> labels(15);
    ends.pop_back();
    EXPECT_THROW(label_points({1}, counts, bins, 0, pixels, ends, 10, labels), std::logic_error);
    ends.emplace_back();
    bins.pop_back();
    EXPECT_THROW(label_points({1}, counts, bins, 0, pixels, ends, 10, labels), std::logic_error);
}

}  // namespace
}  // namespace cytofleet::test
