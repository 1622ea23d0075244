// The order in which libstdc++'s std::sort leaves equal elements, in steps that may run side by
// side.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/seeds/seeds.hpp"
#include "kernels/support/exec.hpp"

namespace cytofleet {

// std::sort splits ranges by quicksort until they have at most 16 elements (or sorts them as a heap
// when it has split too often), then inserts. Of that only the first part disturbs equal elements:
// insertion is stable. So a stable sort of what disturb_range() leaves is what std::sort makes.

inline constexpr std::uint32_t largest_undisturbed = 16;  ///< elements of a range left alone

struct SeedRange {
    std::uint32_t begin;
    std::uint32_t end;
};

/// How often a range that holds all `count` seeds may be split.
CYTOFLEET_HD inline int splits_allowed(std::uint32_t count) {
    int log = 0;
    while (count >> (log + 1) != 0) ++log;
    return 2 * log;
}

namespace tie_order {

CYTOFLEET_HD inline void swap(Seed& a, Seed& b) {
    const Seed kept = a;
    a = b;
    b = kept;
}

CYTOFLEET_HD inline bool fewer(const Seed& a, const Seed& b) {
    return a.count < b.count;
}

/// Puts the median of the second, the middle and the last element first, then everything on its
/// side of it. Returns where the upper side begins.
CYTOFLEET_HD inline std::uint32_t split(Seed* seeds, SeedRange range) {
    Seed& pivot = seeds[range.begin];
    Seed& a = seeds[range.begin + 1];
    Seed& b = seeds[range.begin + (range.end - range.begin) / 2];
    Seed& c = seeds[range.end - 1];
    if (fewer(a, b))
        swap(pivot, fewer(b, c) ? b : (fewer(a, c) ? c : a));
    else
        swap(pivot, fewer(a, c) ? a : (fewer(b, c) ? c : b));
    std::uint32_t low = range.begin + 1;
    std::uint32_t high = range.end;
    while (true) {
        while (fewer(seeds[low], pivot)) ++low;
        --high;
        while (fewer(pivot, seeds[high])) --high;
        if (low >= high) return low;
        swap(seeds[low], seeds[high]);
        ++low;
    }
}

/// Lets the hole at `hole` of a heap of `length` sink to a leaf along the larger children, then
/// `value` rise from there, no higher than where it began.
CYTOFLEET_HD inline void settle(Seed* heap, std::uint32_t hole, std::uint32_t length, Seed value) {
    const std::uint32_t top = hole;
    while (2 * hole + 2 < length) {
        const std::uint32_t right = 2 * hole + 2;
        const std::uint32_t child = fewer(heap[right], heap[right - 1]) ? right - 1 : right;
        heap[hole] = heap[child];
        hole = child;
    }
    if (2 * hole + 2 == length) {
        heap[hole] = heap[2 * hole + 1];
        hole = 2 * hole + 1;
    }
    while (hole > top) {
        const std::uint32_t parent = (hole - 1) / 2;
        if (!fewer(heap[parent], value)) break;
        heap[hole] = heap[parent];
        hole = parent;
    }
    heap[hole] = value;
}

CYTOFLEET_HD inline void sort_heap(Seed* heap, std::uint32_t length) {
    for (std::uint32_t i = length / 2; i-- > 0;) settle(heap, i, length, heap[i]);
    while (length > 1) {
        --length;
        const Seed value = heap[length];
        heap[length] = heap[0];
        settle(heap, 0, length, value);
    }
}

}  // namespace tie_order

/// One step for a range of more than largest_undisturbed seeds. `splits_left`: splits_allowed() of
/// all seeds, less the steps that led to this range. Returns how many ranges are still to be done,
/// in `next`; they do not overlap, so their order does not matter.
CYTOFLEET_HD inline unsigned disturb_range(Seed* seeds, SeedRange range, int splits_left,
                                           SeedRange (&next)[2]) {
    if (splits_left == 0) {
        tie_order::sort_heap(seeds + range.begin, range.end - range.begin);
        return 0;
    }
    const std::uint32_t cut = tie_order::split(seeds, range);
    unsigned made = 0;
    if (range.end - cut > largest_undisturbed) next[made++] = {cut, range.end};
    if (cut - range.begin > largest_undisturbed) next[made++] = {range.begin, cut};
    return made;
}

}  // namespace cytofleet
