// Numbers to compute with that are no zeros and not all alike: a GPU's clock rises when its units
// have nothing to switch (13 % was seen with zeros), and then no time is true.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/nn/device_maps.hpp"
#include "kernels/support/device_memory.hpp"

namespace cytofleet::bench {

/// About a million, the same for each seed. A prime number of them: where they repeat, tiles, rows
/// and channels begin elsewhere in them.
std::vector<float> normal_numbers(unsigned seed, double sigma = 1, double mean = 0);

/// The same as they come out of a ReLU: about half are zeros.
std::vector<float> activations(unsigned seed);

/// The 16 bits of the nearest fp16 number; below 2^-14, zero. Must be in fp16's range.
std::uint16_t half_of(float value);

/// `numbers` as elements, again and again until `memory` is full. Returns when they are there.
void fill_with(cuda::Stream stream, cuda::DeviceArray<std::byte>& memory, cuda::Element element,
               std::span<const float> numbers);

}  // namespace cytofleet::bench
