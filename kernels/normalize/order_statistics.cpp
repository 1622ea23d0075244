#include "kernels/normalize/order_statistics.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "kernels/normalize/float_key.hpp"
#include "kernels/support/parallel.hpp"

namespace cytofleet::cpu {
namespace {

constexpr std::size_t half_keys = 65536;  // values of the upper or lower half of a key

using Counts = std::vector<std::uint32_t>;

/// Adds up the parts of `part` numbers that the threads counted, into the first.
void add_parts(Counts& counts, std::size_t part) {
    for (std::size_t i = part; i < counts.size(); ++i) counts[i % part] += counts[i];
    counts.resize(part);
}

/// How many values have each upper half.
Counts count_upper(const Exec& exec, std::span<const float> values) {
    // Neighbours are often equal: two tables in turn spare the CPU waiting for its own last write.
    Counts counts(2 * half_keys * static_cast<std::size_t>(exec.threads), 0);
    const auto pairs = static_cast<std::int64_t>(values.size() / 2);
    parallel_threads(exec, [&](int thread, int threads) {
        std::uint32_t* const even =
            counts.data() + 2 * half_keys * static_cast<std::size_t>(thread);
        std::uint32_t* const odd = even + half_keys;
        const Piece piece = piece_of(pairs, thread, threads);
        for (std::int64_t i = piece.begin; i < piece.end; ++i) {
            const float* const pair = values.data() + 2 * i;
            ++even[float_key(pair[0]) >> 16U];
            ++odd[float_key(pair[1]) >> 16U];
        }
    });
    if (values.size() % 2 == 1) ++counts[float_key(values.back()) >> 16U];
    add_parts(counts, half_keys);
    return counts;
}

/// Where a rank falls: among the values with this upper half, `rest` of them before it.
struct Place {
    std::size_t bin = 0;
    std::int64_t rest = 0;
};

Place place_of(std::span<const std::uint32_t> counts, std::int64_t rank) {
    Place place{0, rank};
    while (place.rest >= counts[place.bin]) place.rest -= counts[place.bin++];
    return place;
}

/// For the values whose upper half is one of up to four: how many have each lower half.
/// Table n of the result belongs to the upper half with number n + 1 in `number_of`.
Counts count_lower(const Exec& exec, std::span<const float> values,
                   std::span<const std::uint8_t> number_of, std::size_t tables) {
    Counts counts(tables * half_keys * static_cast<std::size_t>(exec.threads), 0);
    const auto size = static_cast<std::int64_t>(values.size());
    parallel_threads(exec, [&](int thread, int threads) {
        std::uint32_t* const mine =
            counts.data() + tables * half_keys * static_cast<std::size_t>(thread);
        const Piece piece = piece_of(size, thread, threads);
        for (std::int64_t i = piece.begin; i < piece.end; ++i) {
            const std::uint32_t key = float_key(values[static_cast<std::size_t>(i)]);
            const std::size_t number = number_of[key >> 16U];
            if (number != 0) ++mine[(number - 1) * half_keys + (key & 0xffffU)];
        }
    });
    add_parts(counts, tables * half_keys);
    return counts;
}

/// Two rounds over the halves of the keys.
FourValues radix_select(const Exec& exec, std::span<const float> values, const FourRanks& ranks) {
    const Counts upper = count_upper(exec, values);
    std::vector<std::uint8_t> number_of(half_keys, 0);
    std::array<Place, 4> places;
    std::size_t tables = 0;
    for (std::size_t i = 0; i < ranks.size(); ++i) {
        places[i] = place_of(upper, ranks[i]);
        std::uint8_t& number = number_of[places[i].bin];
        if (number == 0) number = static_cast<std::uint8_t>(++tables);
    }
    const Counts lower = count_lower(exec, values, number_of, tables);
    FourValues out{};
    for (std::size_t i = 0; i < ranks.size(); ++i) {
        const std::size_t table = number_of[places[i].bin] - std::size_t{1};
        const auto counts = std::span(lower).subspan(table * half_keys, half_keys);
        const std::size_t low = place_of(counts, places[i].rest).bin;
        out[i] = float_of_key(static_cast<std::uint32_t>(places[i].bin << 16U | low));
    }
    return out;
}

}  // namespace

FourValues order_statistics_in_place(std::span<float> values, const FourRanks& ranks) {
    FourValues out{};
    auto begin = values.begin();  // everything before is in place
    for (std::size_t i = 0; i < ranks.size(); ++i) {
        const auto nth = values.begin() + ranks[i];
        if (nth >= begin) {
            std::nth_element(begin, nth, values.end());
            begin = nth + 1;
        }
        out[i] = *nth + 0.0F;
    }
    return out;
}

FourValues order_statistics(const Exec& exec, std::span<const float> values,
                            const FourRanks& ranks) {
    if (values.size() >= half_keys) return radix_select(exec, values, ranks);
    std::vector<float> copy(values.begin(), values.end());
    return order_statistics_in_place(copy, ranks);
}

}  // namespace cytofleet::cpu
