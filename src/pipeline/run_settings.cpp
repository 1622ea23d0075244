#include "pipeline/run_settings.hpp"

#include <string>

#include <fmt/format.h>

#include "base/version.hpp"

namespace cytofleet {

Settings settings_of(const RunOptions& options, const LoadedModel& model) {
    const CellposeSettings& s = options.cellpose;
    const auto yes_no = [](bool value) { return std::string(value ? "yes" : "no"); };
    return {
        {"model-sha256", model.info.sha256},
        {"diameter", fmt::format("{}", model.diameter)},
        {"niter", fmt::format("{}", model.steps)},
        {"cellprob-threshold", fmt::format("{}", s.masks.cellprob_threshold)},
        {"flow-threshold", fmt::format("{}", s.masks.flow_threshold)},
        {"min-size", fmt::format("{}", s.masks.min_size)},
        {"max-size-fraction", fmt::format("{}", s.masks.max_size_fraction)},
        {"normalize-percentile",
         fmt::format("{},{}", s.normalize.percentile[0], s.normalize.percentile[1])},
        {"invert", yes_no(s.normalize.invert)},
        {"augment", yes_no(s.augment)},
        {"tile-overlap", fmt::format("{}", s.tile_overlap)},
        {"resample", yes_no(s.resample)},
        {"interpolate", yes_no(s.masks.interpolate)},
        {"dynamics", s.masks.variant == Variant::cpu ? "cpu" : "cuda"},
        {"network", s.gpu ? fmt::format("gpu {}", name_of(s.gpu->precision)) : "cpu fp32"},
        {"channel", fmt::format("{}", options.channel)},
        {"axes", options.reader.axes.empty() ? "as the file says" : options.reader.axes},
        {"version", version()},
    };
}

}  // namespace cytofleet
