// Clusters the ends of followed points into labels on a device (cellpose3.md 5.4, steps 2 to 5).
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/seeds/seed_rules.hpp"
#include "kernels/seeds/seeds.hpp"
#include "kernels/support/device_memory.hpp"

namespace cytofleet::cuda {

/// No frame has more seeds: every point ends in one bin only.
constexpr std::int64_t most_seeds(std::int64_t height, std::int64_t width) {
    return height * width / (more_than_for_seed + 1);
}

/// Bytes of `scratch` below.
std::size_t find_seeds_scratch_bytes(std::int64_t height, std::int64_t width, std::int64_t most);

/// The twin of cytofleet::find_seeds: the same seeds in the same order, for both variants.
/// `counts`: (height + 40, width + 40), as follow_flow leaves them. `seeds`: room for `most`, which
/// may be most_seeds(height, width); *found is how many there are. All in device memory.
void find_seeds(Stream stream, const std::uint32_t* counts, std::int64_t height, std::int64_t width,
                Variant variant, std::int64_t most, Seed* seeds, std::uint32_t* found,
                void* scratch);

/// The twin of cytofleet::grow_seeds: `bin_labels` (height + 40, width + 40). Seeds at the edge,
/// which only flows that are no numbers bring about, paint nothing and set *at_edge to 1; otherwise
/// it keeps its value.
void grow_seeds(Stream stream, const std::uint32_t* counts, std::int64_t height, std::int64_t width,
                const Seed* seeds, const std::uint32_t* found, std::int64_t most,
                std::uint32_t* bin_labels, std::uint32_t* at_edge);

}  // namespace cytofleet::cuda
