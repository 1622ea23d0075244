// A batch of tiles on a device, fed with noise, whose answers come back to the host.
#pragma once

#include <cstdint>
#include <vector>

#include "backend/cuda/cuda_ops.hpp"
#include "gpu/test_kernels.hpp"
#include "models/cellpose/cuda/tile_batch.hpp"
#include "models/cellpose/network.hpp"
#include "models/golden_model.hpp"
#include "support/numbers.hpp"

namespace cytofleet::test {

struct TileRig {
    static constexpr std::int64_t side = 16;
    Operations engine = start_cuda(Precision::fp32, cuda::test_kernels());
    CpNet net{engine.ops, weights_of("cyto_tiny")};
    cuda::TileBatch batch;
    cuda::DeviceArray<float> answers;

    explicit TileRig(std::int64_t capacity)
        : batch(engine.stream, net, {side, side}, capacity), answers(answers_of(capacity)) {}

    /// (n, 3, side, side) for n tiles of the noise that follows from `seed`.
    std::vector<float> ask(std::int64_t n, std::uint32_t seed) {
        const auto tiles = random_floats(n * net.channels_in() * side * side, seed);
        cuda::TileSink sink{answers.data(), n, 0, 0};
        cuda::copy_up(engine.stream, batch.add(sink, n), tiles.data(),
                      tiles.size() * sizeof(float));
        batch.run();
        std::vector<float> out(answers_of(n));
        cuda::copy_down(engine.stream, out.data(), answers.data(), out.size() * sizeof(float));
        cuda::synchronize(engine.stream);
        return out;
    }
    static std::size_t answers_of(std::int64_t n) {
        return static_cast<std::size_t>(n * network_outputs * side * side);
    }
};

}  // namespace cytofleet::test
