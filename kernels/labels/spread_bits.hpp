// Spreads bits of a row of pixels over their open neighbours, once for both twins.
#pragma once

#include "kernels/support/exec.hpp"

namespace cytofleet {

/// `seed` spread to both sides over adjoining bits of `open`. Word: unsigned, 32 or 64 bits.
template <typename Word>
CYTOFLEET_HD inline Word spread_in_word(Word seed, Word open) {
    constexpr int bits = 8 * static_cast<int>(sizeof(Word));
    Word up = seed & open;
    Word down = up;
    Word open_up = open;
    Word open_down = open;
    for (int shift = 1; shift < bits; shift *= 2) {
        up |= open_up & (up << shift);
        open_up &= open_up << shift;
        down |= open_down & (down >> shift);
        open_down &= open_down >> shift;
    }
    return up | down;
}

}  // namespace cytofleet
