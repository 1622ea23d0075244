// Ranks of bits, with and without more than one chunk and one row of chunks.
#include <bit>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "gpu/orders.hpp"
#include "kernels/support/bit_ranks_cuda.hpp"

namespace cytofleet {
namespace {

void expect_ranks(const std::vector<std::uint32_t>& bits) {
    std::vector<std::uint32_t> wanted;
    std::uint32_t sum = 0;
    for (const std::uint32_t word : bits) {
        wanted.push_back(sum);
        sum += static_cast<std::uint32_t>(std::popcount(word));
    }
    const cuda::Stream stream = nullptr;
    const auto words = static_cast<std::int64_t>(bits.size());
    const cuda::DeviceArray<std::uint32_t> there(stream, std::span(bits));
    cuda::DeviceArray<std::uint32_t> ranks(bits.size());
    cuda::DeviceArray<std::uint32_t> sums(cuda::bit_rank_sums(words));
    cuda::DeviceArray<std::uint32_t> total(1);
    cuda::rank_bits(stream, there.data(), words, ranks.data(), sums.data(), total.data());
    EXPECT_TRUE(ranks.read(stream) == wanted) << bits.size() << " words";
    EXPECT_EQ(total.read(stream).at(0), sum) << bits.size() << " words";
}

std::vector<std::uint32_t> random_words(std::size_t count) {
    std::mt19937 random(5);
    std::vector<std::uint32_t> out(count);
    for (std::uint32_t& word : out) word = static_cast<std::uint32_t>(random());
    return out;
}

TEST(BitRanksTwin, SizesAroundChunks) {
    for (const std::size_t words : {1UL, 3UL, 255UL, 1023UL, 1024UL, 1025UL, 5000UL})
        test::in_every_order([&] { expect_ranks(random_words(words)); });
    expect_ranks(std::vector<std::uint32_t>(1000, 0xffffffffU));
}

TEST(BitRanksTwin, MoreChunksThanThreads) {
    expect_ranks(random_words(300 * 1024 + 17));
}

}  // namespace
}  // namespace cytofleet
