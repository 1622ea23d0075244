// A segmenter on a device with the smallest network, and frames of noise in which it finds cells
// wherever points meet.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "backend/cuda/cuda_ops.hpp"
#include "gpu/test_kernels.hpp"
#include "models/cellpose/cellpose.hpp"
#include "models/cellpose/cuda/device_segmenter.hpp"
#include "models/golden_model.hpp"
#include "support/numbers.hpp"

namespace cytofleet::test {

/// With which every pixel belongs to some cell, and none is dropped.
inline MaskOptions cells_everywhere() {
    MaskOptions out;
    out.niter = 60;
    out.cellprob_threshold = -100;
    out.min_size = -1;
    out.flow_threshold = 0;
    out.max_size_fraction = 1;
    return out;
}

struct TinySegmenter {
    Operations engine = start_cuda(Precision::fp32, cuda::test_kernels());
    CpNet net{engine.ops, weights_of("cyto_tiny")};
    std::unique_ptr<Segmenter> segmenter;
    explicit TinySegmenter(std::int64_t batch, const MaskOptions& masks = cells_everywhere()) {
        CellposeSettings settings;
        settings.batch_size = batch;
        settings.masks = masks;
        segmenter = cuda::make_device_segmenter(engine.stream, net, Scale::single(1, 1), settings);
    }
    /// The labels of each frame; a frame that failed has none.
    std::vector<std::vector<std::uint32_t>> operator()(const std::vector<const Image*>& frames) {
        std::vector<std::vector<std::uint32_t>> out;
        for (SegmentResult& each : segmenter->segment(frames))
            out.push_back(std::move(each.labels.labels));
        return out;
    }
};

/// 16 x 16 pixels: frames of one size, so that what is left of one would fit another.
inline Image noise_frame(std::uint32_t seed) {
    Image out{PixelType::u8, 16, 16, {}};
    for (const float value : random_floats(16 * 16, seed, 127))
        out.bytes.push_back(static_cast<std::byte>(static_cast<int>(value) + 128));
    return out;
}

}  // namespace cytofleet::test
