// Which instruction sets Highway compiles a file for; include before <hwy/foreach_target.h>.
#pragma once

// One 128-bit set is enough for old processors, and SVE's lengths are not known at compile time.
// The macro is Highway's way to be told.
#define HWY_DISABLED_TARGETS \
    (HWY_SSSE3 | HWY_AVX3_DL | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
