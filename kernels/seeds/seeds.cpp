#include "kernels/seeds/seeds.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "kernels/seeds/seed_rules.hpp"
#include "kernels/seeds/tie_order.hpp"
#include "kernels/support/parallel.hpp"
#include "kernels/support/require.hpp"

namespace cytofleet {
namespace {

constexpr std::int64_t reach = seed_reach;

bool is_highest(const EndCounts& counts, std::int64_t y, std::int64_t x) {
    const std::uint32_t here = counts.count[y * counts.width + x];
    const std::int64_t left = std::max<std::int64_t>(0, x - seed_radius);
    const std::int64_t right = std::min(counts.width - 1, x + seed_radius);
    for (std::int64_t j = std::max<std::int64_t>(0, y - seed_radius);
         j <= std::min(counts.height - 1, y + seed_radius); ++j)
        for (std::int64_t i = left; i <= right; ++i)
            if (counts.count[j * counts.width + i] > here) return false;
    return true;
}

/// Rows of the 11 by 11 window of a seed as bits.
using Window = std::array<std::uint32_t, 2 * reach + 1>;

Window grow(const Window& open) {
    Window grown{};
    grown[reach] = 1U << reach;
    for (std::int64_t step = 0; step < reach; ++step) {
        Window wide{};
        for (std::size_t j = 0; j < grown.size(); ++j)
            wide[j] = grown[j] | grown[j] << 1 | grown[j] >> 1;
        for (std::size_t j = 0; j < grown.size(); ++j)
            grown[j] =
                (wide[j] | (j > 0 ? wide[j - 1] : 0) | (j + 1 < wide.size() ? wide[j + 1] : 0)) &
                open[j];
    }
    return grown;
}

/// What numpy's unstable sort does to equal elements, whichever library sorts here.
void disturb(std::vector<Seed>& seeds) {
    struct Part {
        SeedRange range;
        int splits_left;
    };
    const auto count = static_cast<std::uint32_t>(seeds.size());
    std::vector<Part> parts;
    if (count > largest_undisturbed) parts.push_back({{0, count}, splits_allowed(count)});
    while (!parts.empty()) {
        const Part part = parts.back();
        parts.pop_back();
        SeedRange next[2];
        const unsigned made = disturb_range(seeds.data(), part.range, part.splits_left, next);
        for (unsigned i = 0; i < made; ++i) parts.push_back({next[i], part.splits_left - 1});
    }
}

}  // namespace

std::int64_t EndCounts::bin(Point end) const {
    return end_bin(end, height, width);
}

EndCounts count_ends(std::span<const Point> ends, std::int64_t height, std::int64_t width) {
    EndCounts counts{height + 2 * end_bin_pad, width + 2 * end_bin_pad, {}};
    require(counts.height * counts.width <= std::numeric_limits<std::uint32_t>::max(),
            "bin indices fit");
    counts.count.resize(static_cast<std::size_t>(counts.height * counts.width));
    for (const Point end : ends) ++counts.count[counts.bin(end)];
    return counts;
}

std::vector<Seed> find_seeds(const Exec& exec, const EndCounts& counts, Variant variant) {
    std::vector<std::vector<Seed>> rows(static_cast<std::size_t>(counts.height));
    parallel_on_demand(exec, counts.height, 64, [&](std::int64_t y) {
        for (std::int64_t x = 0; x < counts.width; ++x) {
            const std::int64_t bin = y * counts.width + x;
            const std::uint32_t count = counts.count[bin];
            if (count > more_than_for_seed && is_highest(counts, y, x))
                rows[y].push_back({count, static_cast<std::uint32_t>(bin)});
        }
    });
    std::vector<Seed> seeds;
    for (const auto& row : rows) seeds.insert(seeds.end(), row.begin(), row.end());
    if (variant == Variant::cpu && seeds.size() < stable_sort_from) disturb(seeds);
    std::ranges::stable_sort(seeds, {}, &Seed::count);
    return seeds;
}

bool at_the_edge(const EndCounts& counts, Seed seed) {
    const std::int64_t y = seed.bin / counts.width;
    const std::int64_t x = seed.bin % counts.width;
    return y < reach || x < reach || y + reach >= counts.height || x + reach >= counts.width;
}

std::vector<std::uint32_t> grow_seeds(const EndCounts& counts, std::span<const Seed> seeds) {
    std::vector<std::uint32_t> labels(counts.count.size());
    for (std::size_t k = 0; k < seeds.size(); ++k) {
        require(!at_the_edge(counts, seeds[k]), "windows of seeds lie inside the bins");
        const std::int64_t corner =
            static_cast<std::int64_t>(seeds[k].bin) - reach * counts.width - reach;
        Window open{};
        for (std::size_t j = 0; j < open.size(); ++j)
            for (std::size_t i = 0; i < open.size(); ++i)
                if (counts.count[corner + j * counts.width + i] > more_than_to_grow)
                    open[j] |= 1U << i;
        const Window grown = grow(open);
        for (std::size_t j = 0; j < grown.size(); ++j)
            for (std::size_t i = 0; i < grown.size(); ++i)
                if ((grown[j] >> i & 1U) != 0)
                    labels[corner + j * counts.width + i] = static_cast<std::uint32_t>(k + 1);
    }
    return labels;
}

}  // namespace cytofleet
