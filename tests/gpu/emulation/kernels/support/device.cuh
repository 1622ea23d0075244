// Stands in for kernels/support/device.cuh when .cu files are compiled for the host: CUDA's words
// in plain C++. Threads of a block are fibers that run in random order (gpu/emulation/block.hpp).
#pragma once

#include <algorithm>
#include <bit>
#include <cfloat>
#include <climits>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <cstring>

#include "gpu/emulation/block.hpp"
#include "gpu/emulation/half.cuh"
#include "gpu/emulation/inside.hpp"
#include "gpu/emulation/stream.hpp"
#include "kernels/support/device_memory.hpp"

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)
// Blocks run one after another, so a variable per kernel is a variable per block.
#define __shared__ static

using cytofleet::emulation::dim3;
#define threadIdx (cytofleet::emulation::here().thread)
#define blockIdx (cytofleet::emulation::here().block)
#define blockDim (cytofleet::emulation::here().block_size)
#define gridDim (cytofleet::emulation::here().grid_size)
inline constexpr int warpSize = 32;

inline void __syncthreads() {
    cytofleet::emulation::block_barrier();
}
inline int __syncthreads_or(int value) {
    return cytofleet::emulation::block_vote(value != 0) > 0 ? 1 : 0;
}
inline int __syncthreads_and(int value) {
    return cytofleet::emulation::block_vote(value == 0) > 0 ? 0 : 1;
}
inline int __syncthreads_count(int value) {
    return cytofleet::emulation::block_vote(value != 0);
}
inline void __threadfence() {}
inline void __threadfence_block() {}

namespace cytofleet::emulation {

/// What the lanes of `mask` brought, by lane.
template <typename T>
std::array<T, 32> exchange(unsigned mask, T value) {
    static_assert(sizeof(T) <= sizeof(std::uint64_t));
    std::uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof(T));
    const std::array<std::uint64_t, 32> all = warp_exchange(mask, bits);
    std::array<T, 32> out;
    for (std::size_t lane = 0; lane < out.size(); ++lane)
        std::memcpy(&out[lane], &all[lane], sizeof(T));
    return out;
}

inline unsigned lane() {
    return here().linear % 32;
}

/// CUDA's segments: lanes only see those of their group of `width`.
inline unsigned source_lane(std::int64_t wanted, int width) {
    const std::int64_t first = lane() / static_cast<unsigned>(width) * static_cast<unsigned>(width);
    return wanted < first || wanted >= first + width ? lane() : static_cast<unsigned>(wanted);
}

}  // namespace cytofleet::emulation

inline void __syncwarp(unsigned mask = 0xffffffffU) {
    cytofleet::emulation::warp_exchange(mask, 0);
}
inline unsigned __ballot_sync(unsigned mask, int predicate) {
    const auto all = cytofleet::emulation::exchange(mask, predicate != 0 ? 1 : 0);
    unsigned out = 0;
    for (unsigned lane = 0; lane < 32; ++lane)
        if ((mask >> lane & 1U) != 0 && all[lane] != 0) out |= 1U << lane;
    return out;
}
inline int __any_sync(unsigned mask, int predicate) {
    return __ballot_sync(mask, predicate) != 0 ? 1 : 0;
}
inline int __all_sync(unsigned mask, int predicate) {
    return __ballot_sync(mask, predicate) == mask ? 1 : 0;
}
template <typename T>
T __shfl_sync(unsigned mask, T value, int lane, int width = 32) {
    namespace emulation = cytofleet::emulation;
    const auto first =
        emulation::lane() / static_cast<unsigned>(width) * static_cast<unsigned>(width);
    return emulation::exchange(
        mask, value)[first + static_cast<unsigned>(lane) % static_cast<unsigned>(width)];
}
template <typename T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32) {
    namespace emulation = cytofleet::emulation;
    return emulation::exchange(
        mask, value)[emulation::source_lane(std::int64_t{emulation::lane()} - delta, width)];
}
template <typename T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32) {
    namespace emulation = cytofleet::emulation;
    return emulation::exchange(
        mask, value)[emulation::source_lane(std::int64_t{emulation::lane()} + delta, width)];
}
template <typename T>
T __shfl_xor_sync(unsigned mask, T value, int bits, int width = 32) {
    namespace emulation = cytofleet::emulation;
    return emulation::exchange(
        mask,
        value)[emulation::source_lane(emulation::lane() ^ static_cast<unsigned>(bits), width)];
}

/// Atomics are plain here, since one fiber runs at a time; another may get its turn before each.
template <typename T, typename Change>
T emulated_atomic(T* target, Change change) {
    cytofleet::emulation::maybe_yield();
    const T old = *target;
    *target = change(old);
    return old;
}
template <typename T>
T atomicAdd(T* target, std::type_identity_t<T> value) {
    return emulated_atomic(target, [value](T old) { return static_cast<T>(old + value); });
}
template <typename T>
T atomicMax(T* target, std::type_identity_t<T> value) {
    return emulated_atomic(target, [value](T old) { return std::max(old, value); });
}
template <typename T>
T atomicMin(T* target, std::type_identity_t<T> value) {
    return emulated_atomic(target, [value](T old) { return std::min(old, value); });
}
template <typename T>
T atomicOr(T* target, std::type_identity_t<T> value) {
    return emulated_atomic(target, [value](T old) { return old | value; });
}
template <typename T>
T atomicAnd(T* target, std::type_identity_t<T> value) {
    return emulated_atomic(target, [value](T old) { return old & value; });
}
template <typename T>
T atomicExch(T* target, std::type_identity_t<T> value) {
    return emulated_atomic(target, [value](T) { return value; });
}
template <typename T>
T atomicCAS(T* target, std::type_identity_t<T> expected, std::type_identity_t<T> value) {
    return emulated_atomic(target, [=](T old) { return old == expected ? value : old; });
}

template <typename T>
T __ldg(const T* from) {
    return *from;
}
template <typename T>
T __ldcg(const T* from) {
    return *from;
}
inline int __popc(unsigned value) {
    return std::popcount(value);
}
inline int __popcll(unsigned long long value) {
    return std::popcount(value);
}
inline int __clz(int value) {
    return std::countl_zero(static_cast<unsigned>(value));
}
inline int __ffs(int value) {
    return value == 0 ? 0 : std::countr_zero(static_cast<unsigned>(value)) + 1;
}
inline int __ffsll(long long value) {
    return value == 0 ? 0 : std::countr_zero(static_cast<unsigned long long>(value)) + 1;
}
inline unsigned __brev(unsigned value) {
    unsigned out = 0;
    for (int bit = 0; bit < 32; ++bit) out |= (value >> bit & 1U) << (31 - bit);
    return out;
}
inline unsigned __float_as_uint(float value) {
    return std::bit_cast<unsigned>(value);
}
inline float __uint_as_float(unsigned value) {
    return std::bit_cast<float>(value);
}
inline float __fadd_rn(float a, float b) {
    return a + b;
}
inline float __fsub_rn(float a, float b) {
    return a - b;
}
inline float __fmul_rn(float a, float b) {
    return a * b;
}
inline float __fdiv_rn(float a, float b) {
    return a / b;
}
inline float __fmaf_rn(float a, float b, float c) {
    return std::fma(a, b, c);
}
inline double __dadd_rn(double a, double b) {
    return a + b;
}
inline double __dmul_rn(double a, double b) {
    return a * b;
}
inline double __ddiv_rn(double a, double b) {
    return a / b;
}
using std::max;
using std::min;

namespace cytofleet::cuda {

/// As on a device, where `stream` is the default one: done on return.
template <typename... Parameters, typename... Arguments>
void launch(void (*kernel)(Parameters...), dim3 grid, dim3 block, std::size_t shared, Stream stream,
            Arguments... arguments) {
    const emulation::Inside inside;
    const auto run = [=] {
        emulation::run_grid(grid, block, shared,
                            [&] { kernel(static_cast<Parameters>(arguments)...); });
    };
    emulation::put(stream, {run, emulation::names_of(static_cast<Parameters>(arguments)...)});
}

template <typename... Parameters, typename... Arguments>
void launch_together(void (*kernel)(Parameters...), dim3 grid, dim3 block, Stream stream,
                     Arguments... arguments) {
    const emulation::Inside inside;
    const auto run = [=] {
        emulation::run_together(grid, block, 0,
                                [&] { kernel(static_cast<Parameters>(arguments)...); });
    };
    emulation::put(stream, {run, emulation::names_of(static_cast<Parameters>(arguments)...)});
}

inline unsigned blocks_at_once() {
    return 20;
}

inline void gang_barrier(unsigned* arrivals, unsigned blocks, unsigned& meetings) {
    ++meetings;
    __syncthreads();
    if (threadIdx.x == 0) {
        *arrivals += 1;
        emulation::wait_for(arrivals, meetings * blocks);
    }
    __syncthreads();
}

template <typename T>
T* shared_memory() {
    return reinterpret_cast<T*>(emulation::here().shared);
}

inline std::int64_t global_thread() {
    return static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}

inline unsigned blocks_for(std::int64_t count, unsigned block) {
    const std::int64_t blocks = (count + block - 1) / block;
    return static_cast<unsigned>(blocks < 1 ? 1 : blocks);
}

}  // namespace cytofleet::cuda
