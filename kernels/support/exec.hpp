// Where a kernel runs, and the only place that asks whether CUDA is there.
#pragma once

#if defined(__CUDACC__)
#define CYTOFLEET_HD __host__ __device__
#else
#define CYTOFLEET_HD
#endif

namespace cytofleet {

#if defined(CYTOFLEET_WITH_CUDA)
inline constexpr bool with_cuda = true;
#else
inline constexpr bool with_cuda = false;
#endif

/// Which of Python's two devices is reproduced, wherever the program itself runs.
enum class Variant { cpu, cuda };

/// How a kernel runs. Results never depend on `threads`.
struct Exec {
    int threads = 1;  ///< OpenMP threads, at least 1
};

}  // namespace cytofleet
