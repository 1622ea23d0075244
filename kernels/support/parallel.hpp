// Loops over the threads of an Exec, and the only place with OpenMP: an exception may not leave one
// of its regions, which would end the program.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <type_traits>

#include <omp.h>

#include "kernels/support/exec.hpp"

namespace cytofleet {

/// A part of 0 .. count - 1.
struct Piece {
    std::int64_t begin = 0;
    std::int64_t end = 0;
};

/// The `number`-th of `pieces` that are as equal as they can be.
inline Piece piece_of(std::int64_t count, int number, int pieces) {
    const std::int64_t each = count / pieces;
    const std::int64_t longer = count % pieces;
    const std::int64_t begin = number * each + std::min<std::int64_t>(number, longer);
    return {begin, begin + each + (number < longer ? 1 : 0)};
}

/// Calls work(thread, threads) in each of `threads` threads, which are exec.threads or fewer, and
/// returns when all are done. Of what they throw the first is thrown again.
template <class Work>
void parallel_threads(const Exec& exec, const Work& work) {
    std::exception_ptr failed;
    std::mutex mutex;
#pragma omp parallel num_threads(exec.threads)
    {
        try {
            work(omp_get_thread_num(), omp_get_num_threads());
        } catch (...) {
            const std::lock_guard lock(mutex);
            if (!failed) failed = std::current_exception();
        }
    }
    if (failed) std::rethrow_exception(failed);
}

namespace detail {

template <class Body>
void call(const Body& body, std::int64_t i, int thread) {
    if constexpr (std::is_invocable_v<Body, std::int64_t, int>)
        body(i, thread);
    else
        body(i);
}

}  // namespace detail

/// Calls body(i) or body(i, thread) for i from 0 to count - 1; each thread has a piece of its own.
/// Throws as parallel_threads(): the other threads finish their pieces.
template <class Body>
void parallel_even(const Exec& exec, std::int64_t count, const Body& body) {
    parallel_threads(exec, [&](int thread, int threads) {
        const Piece piece = piece_of(count, thread, threads);
        for (std::int64_t i = piece.begin; i < piece.end; ++i) detail::call(body, i, thread);
    });
}

/// The same where calls differ in cost: whoever is free takes the next `grain` of them. After an
/// exception no more are taken.
template <class Body>
void parallel_on_demand(const Exec& exec, std::int64_t count, std::int64_t grain,
                        const Body& body) {
    std::atomic<std::int64_t> next = 0;
    parallel_threads(exec, [&](int thread, int) {
        try {
            for (std::int64_t begin = 0; (begin = next.fetch_add(grain)) < count;)
                for (std::int64_t i = begin; i < std::min(count, begin + grain); ++i)
                    detail::call(body, i, thread);
        } catch (...) {
            next = count;
            throw;
        }
    });
}

}  // namespace cytofleet
