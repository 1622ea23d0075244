// The models, settings and frames of the golden cases as the product takes them.
#pragma once

#include <optional>
#include <string>

#include "image/image.hpp"
#include "models/cellpose/settings.hpp"
#include "support/golden.hpp"
#include "weights/weights.hpp"

namespace cytofleet::test {

/// "cpu" or "cuda", as the golden arrays end.
std::string suffix_of(Variant variant);
inline constexpr Variant variants[] = {Variant::cpu, Variant::cuda};

Weights weights_of(const std::string& model);

/// diam_mean of the built-in model that Python took the file for.
std::optional<double> built_in_mean(const Case& golden);

/// eval's arguments for the dynamics; `niter`: the number of steps, which may have a fraction.
MaskOptions mask_options_of(const nlohmann::json& kwargs, const nlohmann::json& niter,
                            Variant variant);

/// All of eval's arguments, with two threads.
CellposeSettings settings_of(const Case& golden, Variant variant);

/// `input` of a case with one channel; none when it has two.
std::optional<Image> grey_image_of(const Case& golden);

/// Compares with masks_cpu or masks_cuda of the case by the bar for whole runs: counts within 1 %,
/// AP@0.5 and mean matched IoU at least 0.99. True when every pixel has the same number.
bool expect_masks(const std::string& name, const Case& golden, const LabelImage& got,
                  Variant variant);

}  // namespace cytofleet::test
