// The order of ties against this compiler's std::sort, on every kind of input that sorts in its own
// way.
#include "kernels/seeds/tie_order.hpp"

#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace cytofleet {
namespace {

struct Sorted {
    std::vector<Seed> seeds;
    int heaps = 0;  ///< ranges that were split too often
};

bool fewer(const Seed& a, const Seed& b) {
    return a.count < b.count;
}

std::vector<Seed> numbered(const std::vector<std::uint32_t>& counts) {
    std::vector<Seed> out;
    out.reserve(counts.size());
    for (const std::uint32_t count : counts)
        out.push_back({count, static_cast<std::uint32_t>(out.size())});
    return out;
}

Sorted sort_as_std_does(std::vector<Seed> seeds) {
    Sorted out{std::move(seeds), 0};
    const auto count = static_cast<std::uint32_t>(out.seeds.size());
    std::vector<SeedRange> now;
    if (count > largest_undisturbed) now.push_back({0, count});
    for (int left = splits_allowed(count); !now.empty(); --left) {
        std::vector<SeedRange> later;
        for (const SeedRange range : now) {
            if (left == 0) ++out.heaps;
            SeedRange next[2];
            const unsigned made = disturb_range(out.seeds.data(), range, left, next);
            later.insert(later.end(), next, next + made);
        }
        now = std::move(later);
    }
    std::ranges::stable_sort(out.seeds, fewer);
    return out;
}

/// Returns how many heaps it took.
int expect_order(const std::vector<std::uint32_t>& counts) {
    const std::vector<Seed> seeds = numbered(counts);
    std::vector<Seed> wanted = seeds;
    std::sort(wanted.begin(), wanted.end(), fewer);
    const Sorted got = sort_as_std_does(seeds);
    const auto same = [](const Seed& a, const Seed& b) { return a.bin == b.bin; };
    EXPECT_TRUE(std::ranges::equal(got.seeds, wanted, same)) << counts.size() << " seeds";
    return got.heaps;
}

TEST(TieOrder, RandomCountsOfEverySize) {
    std::mt19937 random(1);
    for (std::size_t size = 0; size < 400; ++size)
        for (const std::uint32_t kinds : {1U, 2U, 3U, 10U, 40U, 1000000U}) {
            std::vector<std::uint32_t> counts(size);
            for (std::uint32_t& count : counts)
                count = static_cast<std::uint32_t>(random() % kinds);
            expect_order(counts);
            std::ranges::sort(counts);
            expect_order(counts);
            std::ranges::reverse(counts);
            expect_order(counts);
        }
}

TEST(TieOrder, ManySeedsAndPatterns) {
    std::mt19937 random(2);
    for (const std::size_t size : {5000UL, 32767UL})
        for (const std::uint32_t kinds : {1U, 5U, 500U}) {
            std::vector<std::uint32_t> counts(size);
            for (std::uint32_t& count : counts)
                count = static_cast<std::uint32_t>(random() % kinds);
            expect_order(counts);
            for (std::size_t i = 0; i < size; ++i)
                counts[i] = static_cast<std::uint32_t>(std::min(i, size - i) / kinds);
            expect_order(counts);
        }
}

/// Counts that std::sort always splits badly: McIlroy's adversary decides each count as late as it
/// can.
std::vector<std::uint32_t> worst_counts(std::uint32_t size) {
    const std::uint32_t undecided = size;
    std::vector<std::uint32_t> counts(size, undecided);
    std::vector<std::uint32_t> order(size);
    std::iota(order.begin(), order.end(), 0U);
    std::uint32_t decided = 0;
    std::uint32_t candidate = 0;
    std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
        if (counts[a] == undecided && counts[b] == undecided)
            counts[a == candidate ? a : b] = decided++;
        if (counts[a] == undecided)
            candidate = a;
        else if (counts[b] == undecided)
            candidate = b;
        return counts[a] < counts[b];
    });
    return counts;
}

TEST(TieOrder, TooManySplitsEndInHeaps) {
    std::mt19937 random(3);
    for (const std::uint32_t size : {100U, 1000U, 1001U, 5000U, 32767U}) {
        std::vector<std::uint32_t> counts = worst_counts(size);
        EXPECT_GT(expect_order(counts), 0) << size;
        // With ties among them, which the heap disturbs.
        for (std::uint32_t& count : counts) count -= count % 2;
        EXPECT_GT(expect_order(counts), 0) << size;
        for (std::uint32_t i = 0; i < size / 10; ++i)
            counts[random() % size] = counts[random() % size];
        expect_order(counts);
    }
}

}  // namespace
}  // namespace cytofleet
