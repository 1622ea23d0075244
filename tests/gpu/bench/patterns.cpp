#include "gpu/bench/patterns.hpp"

#include <algorithm>
#include <bit>
#include <random>

namespace cytofleet::bench {
namespace {

constexpr std::size_t count = 1048573;

}  // namespace

std::vector<float> normal_numbers(unsigned seed, double sigma, double mean) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(static_cast<float>(mean), static_cast<float>(sigma));
    std::vector<float> out(count);
    std::ranges::generate(out, [&] { return normal(random); });
    return out;
}

std::vector<float> activations(unsigned seed) {
    std::vector<float> out = normal_numbers(seed);
    for (float& value : out) value = std::max(value, 0.0F);
    return out;
}

std::uint16_t half_of(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    const auto sign = static_cast<std::uint16_t>(bits >> 16 & 0x8000U);
    const std::uint32_t size = bits & 0x7FFFFFFFU;
    constexpr std::uint32_t smallest = 113U << 23;  // 2^-14
    if (size < smallest) return sign;
    // Ties go to the even one; a carry into the exponent is right.
    const std::uint32_t rounded = size - (112U << 23) + 0xFFFU + (size >> 13 & 1U);
    return static_cast<std::uint16_t>(sign | rounded >> 13);
}

void fill_with(cuda::Stream stream, cuda::DeviceArray<std::byte>& memory, cuda::Element element,
               std::span<const float> numbers) {
    std::vector<std::uint16_t> halves;
    std::span<const std::byte> pattern = std::as_bytes(numbers);
    if (element == cuda::Element::f16) {
        halves.resize(numbers.size());
        std::ranges::transform(numbers, halves.begin(), half_of);
        pattern = std::as_bytes(std::span(halves));
    }
    std::size_t filled = std::min(pattern.size(), memory.size());
    cuda::copy_up(stream, memory.data(), pattern.data(), filled);
    while (filled < memory.size()) {
        const std::size_t more = std::min(filled, memory.size() - filled);
        cuda::copy_across(stream, memory.data() + filled, memory.data(), more);
        filled += more;
    }
    cuda::synchronize(stream);
}

}  // namespace cytofleet::bench
