// Cellpose 3 as a Segmenter: one grey plane in, its cells out.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "backend/cuda/cuda_ops.hpp"
#include "models/cellpose/flow_field.hpp"
#include "models/cellpose/settings.hpp"
#include "models/segmenter.hpp"
#include "weights/weights.hpp"

namespace cytofleet {

/// Diameters a checkpoint carries. A file without them counts as 30 and 30 (cellpose3.md 3.9).
struct ModelDiameters {
    float mean = 30.0F;    ///< the network sees cells of this diameter, pixels
    float labels = 30.0F;  ///< mean diameter in the training data
    bool stored = false;   ///< false: the file has neither
};

ModelDiameters read_diameters(const Weights& weights);

/// `built_in_mean`: diam_mean of a built-in model, which overrides the file's (30, or 17 for
/// nuclei).
Scale choose_scale(const ModelDiameters& diameters, std::optional<double> built_in_mean,
                   double diameter);

class Cellpose : public Segmenter {
  public:
    Cellpose(const Weights& weights, std::optional<double> built_in_mean,
             const CellposeSettings& settings);
    const Scale& scale() const { return scale_; }
    const ModelDiameters& diameters() const { return diameters_; }
    const CpNet& net() const { return net_; }
    std::int64_t steps() const { return settings_.masks.niter; }
    std::string engine() const { return operations_.ops->description(); }
    std::vector<SegmentResult> segment(std::span<const Image* const> planes) override;
    /// On the CPU at most the frames of one batch of tiles are begun and not told of.
    void segment_each(std::span<const Image* const> planes, const SegmentHooks& hooks) override;
    std::int64_t pixels_per_call() const override;
    std::uint64_t bytes_of_call(std::int64_t height, std::int64_t width,
                                std::int64_t frames) const override;
    std::uint64_t gpu_bytes_of_call(std::int64_t height, std::int64_t width,
                                    std::int64_t frames) const override;
    double enlargement(std::int64_t height, std::int64_t width) const override;
    std::vector<std::string> notes() override;

  private:
    void segment_here(std::span<const Image* const> planes, const SegmentHooks& hooks);
    std::optional<PreparedFrame> prepare(const Exec& exec, const Image& plane,
                                         SegmentResult& result) const;
    void make_masks(const Exec& exec, const FlowField& field, const Image& plane,
                    SegmentResult& result) const;

    CellposeSettings settings_;
    std::int64_t gpu_batch_ = 0;  ///< tiles, were it on a GPU
    ModelDiameters diameters_;
    Scale scale_;
    std::vector<std::string> notes_;  ///< of the start
    Operations operations_;
    CpNet net_;
    std::unique_ptr<Segmenter> on_gpu_;  ///< null: the CPU does it
};

}  // namespace cytofleet
