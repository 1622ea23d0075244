// The emulation itself: it runs every thread, and shows mistakes that a device would hide or hang
// on.
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/support/device.cuh"

namespace cytofleet {
namespace {

using cuda::launch;

void sum_block(const int* in, int* out) {
    int* shared = cuda::shared_memory<int>();
    shared[threadIdx.x] = in[cuda::global_thread()];
    __syncthreads();
    for (unsigned half = blockDim.x / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) shared[threadIdx.x] += shared[threadIdx.x + half];
        __syncthreads();
    }
    if (threadIdx.x == 0) atomicAdd(out, shared[0]);
}

TEST(Emulation, RunsEveryThreadAndMeetsAtBarriers) {
    std::vector<int> in(64 * 5);
    std::iota(in.begin(), in.end(), 1);
    int out = 0;
    launch(sum_block, dim3(5), dim3(64), 64 * sizeof(int), nullptr, in.data(), &out);
    EXPECT_EQ(out, 320 * 321 / 2);
}

void scan_warp(int* values) {
    int value = values[threadIdx.x];
    for (unsigned step = 1; step < 32; step *= 2) {
        const int other = __shfl_up_sync(0xffffffffU, value, step);
        if (threadIdx.x % 32 >= step) value += other;
    }
    values[threadIdx.x] = value;
}

TEST(Emulation, LanesExchangeWithinTheirWarp) {
    std::vector<int> values(64, 1);
    launch(scan_warp, dim3(1), dim3(64), 0, nullptr, values.data());
    for (int i = 0; i < 64; ++i) EXPECT_EQ(values[static_cast<std::size_t>(i)], i % 32 + 1);
}

void vote(unsigned* out) {
    out[threadIdx.x] = __ballot_sync(0xffffffffU, threadIdx.x % 3 == 0 ? 1 : 0);
    out[32 + threadIdx.x] = static_cast<unsigned>(__syncthreads_count(threadIdx.x < 5 ? 1 : 0));
}

TEST(Emulation, Votes) {
    std::vector<unsigned> out(64);
    launch(vote, dim3(1), dim3(32), 0, nullptr, out.data());
    for (std::size_t i = 0; i < 32; ++i) {
        EXPECT_EQ(out[i], 0x49249249U);
        EXPECT_EQ(out[32 + i], 5U);
    }
}

void first_come(int* order, int* next) {
    order[threadIdx.x] = atomicAdd(next, 1);
}

TEST(Emulation, OrdersDifferBySeed) {
    std::vector<std::vector<int>> seen;
    for (const std::uint64_t seed : {1U, 2U}) {
        emulation::set_seed(seed);
        std::vector<int> order(128);
        int next = 0;
        launch(first_come, dim3(1), dim3(128), 0, nullptr, order.data(), &next);
        EXPECT_EQ(next, 128);
        seen.push_back(order);
    }
    EXPECT_NE(seen[0], seen[1]);
}

void lonely_exchange(int* values) {
    if (threadIdx.x == 0) values[0] = __shfl_sync(0xffffffffU, values[0], 1);
}

void two_places(int* values) {
    if (threadIdx.x == 0)
        __syncwarp(0x3U);
    else
        __syncthreads();
    values[0] = 1;
}

TEST(Emulation, ADeadlockIsAnError) {
    std::vector<int> values(32);
    EXPECT_THROW(launch(lonely_exchange, dim3(1), dim3(32), 0, nullptr, values.data()),
                 std::logic_error);
    EXPECT_THROW(launch(two_places, dim3(1), dim3(32), 0, nullptr, values.data()),
                 std::logic_error);
}

/// Each block of a gang adds its number once the one before has; and all see the last sum.
void pass_on(unsigned* arrivals, unsigned* sum, unsigned* seen) {
    const unsigned blocks = gridDim.x;
    unsigned meetings = 0;
    for (unsigned turn = 0; turn < blocks; ++turn) {
        if (turn == blockIdx.x && threadIdx.x == 5) *sum = 2 * *sum + turn;
        cuda::gang_barrier(arrivals, blocks, meetings);
    }
    if (threadIdx.x == 0) seen[blockIdx.x] = *sum;
}

void waits_for_nobody(unsigned* arrivals) {
    unsigned meetings = 0;
    if (blockIdx.x == 0) cuda::gang_barrier(arrivals, 2, meetings);
}

TEST(Emulation, BlocksOfAGangMeet) {
    unsigned arrivals = 0;
    unsigned sum = 0;
    std::vector<unsigned> seen(5);
    cuda::launch_together(pass_on, dim3(5), dim3(40), nullptr, &arrivals, &sum, seen.data());
    EXPECT_EQ(sum, 26U);
    EXPECT_EQ(seen, std::vector<unsigned>(5, 26));
    arrivals = 0;
    EXPECT_THROW(cuda::launch_together(waits_for_nobody, dim3(2), dim3(8), nullptr, &arrivals),
                 std::logic_error);
    arrivals = 0;
    EXPECT_THROW(launch(waits_for_nobody, dim3(2), dim3(8), 0, nullptr, &arrivals),
                 std::logic_error);
}

TEST(Emulation, LaunchesThatCudaRefusesAreErrors) {
    int out = 0;
    const int in = 0;
    EXPECT_THROW(launch(sum_block, dim3(1), dim3(2048), 0, nullptr, &in, &out), std::logic_error);
    EXPECT_THROW(launch(sum_block, dim3(1, 70000), dim3(1), 0, nullptr, &in, &out),
                 std::logic_error);
    EXPECT_THROW(launch(sum_block, dim3(1), dim3(1), 1 << 20, nullptr, &in, &out),
                 std::logic_error);
}

TEST(Emulation, HalvesAreRoundedAsOnADevice) {
    for (unsigned bits = 0; bits < 0x10000; ++bits) {
        const __half half{static_cast<std::uint16_t>(bits)};
        const float value = __half2float(half);
        if (std::isnan(value)) continue;
        ASSERT_EQ(__float2half_rn(value).bits, bits) << value;
    }
    const auto rounded = [](float value) { return __float2half_rn(value).bits; };
    EXPECT_EQ(rounded(1.0F), 0x3c00);
    EXPECT_EQ(rounded(-2.0F), 0xc000);
    EXPECT_EQ(rounded(1.0F + 0x1p-11F), 0x3c00);  // half way, to even
    EXPECT_EQ(rounded(1.0F + 0x3p-11F), 0x3c02);
    EXPECT_EQ(rounded(std::nextafter(1.0F + 0x1p-11F, 2.0F)), 0x3c01);
    EXPECT_EQ(rounded(65519.0F), 0x7bff);
    EXPECT_EQ(rounded(65520.0F), 0x7c00);
    EXPECT_EQ(rounded(0x1p-25F), 0);
    EXPECT_EQ(rounded(std::nextafter(0x1p-25F, 1.0F)), 1);
    EXPECT_EQ(rounded(0x1p-14F - 0x1p-26F), 0x0400);  // becomes normal
    EXPECT_TRUE(std::isnan(__half2float(__float2half_rn(std::nanf("")))));
}

}  // namespace
}  // namespace cytofleet
