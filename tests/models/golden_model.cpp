#include "models/golden_model.hpp"

#include <memory>
#include <stdexcept>

#include "kernels/planes.hpp"
#include "support/agreement.hpp"
#include "support/parity.hpp"

namespace cytofleet::test {
namespace {

/// null and 0 mean the same to eval.
double number_or_zero(const nlohmann::json& value) {
    return value.is_null() ? 0.0 : value.get<double>();
}

PixelType pixel_type_of(const std::string& type) {
    if (type == "u1") return PixelType::u8;
    if (type == "u2") return PixelType::u16;
    if (type == "f4") return PixelType::f32;
    throw std::runtime_error("no golden frame is of type " + type);
}

}  // namespace

std::string suffix_of(Variant variant) {
    return variant == Variant::cpu ? "cpu" : "cuda";
}

Weights weights_of(const std::string& model) {
    return Weights(std::make_shared<const Checkpoint>(Checkpoint::load(model_file(model))));
}

std::optional<double> built_in_mean(const Case& golden) {
    if (golden.json.at("builtin").get<bool>()) return golden.json.at("diam_mean").get<double>();
    return std::nullopt;
}

MaskOptions mask_options_of(const nlohmann::json& kwargs, const nlohmann::json& niter,
                            Variant variant) {
    MaskOptions out;
    out.cellprob_threshold = kwargs.at("cellprob_threshold").get<float>();
    out.flow_threshold = number_or_zero(kwargs.at("flow_threshold"));
    out.niter = static_cast<std::int64_t>(niter.get<double>());
    out.interpolate = kwargs.at("interp").get<bool>();
    out.min_size = kwargs.at("min_size").get<std::int64_t>();
    out.max_size_fraction = kwargs.at("max_size_fraction").get<double>();
    out.variant = variant;
    return out;
}

CellposeSettings settings_of(const Case& golden, Variant variant) {
    const auto& kwargs = golden.json.at("kwargs");
    if (kwargs.at("bsize") != 224 || !kwargs.at("rescale").is_null())
        throw std::runtime_error(golden.name + " needs settings that the product does not have");
    CellposeSettings out;
    out.diameter = number_or_zero(kwargs.at("diameter"));
    out.normalize = normalize_options_of(kwargs);
    out.augment = kwargs.at("augment").get<bool>();
    out.tile_overlap = kwargs.at("tile_overlap").get<double>();
    out.resample = kwargs.at("resample").get<bool>();
    out.niter = static_cast<std::int64_t>(number_or_zero(kwargs.at("niter")));
    out.masks = mask_options_of(kwargs, golden.json.at("niter_used"), variant);
    out.batch_size = kwargs.at("batch_size").get<std::int64_t>();
    out.threads = 2;
    return out;
}

std::optional<Image> grey_image_of(const Case& golden) {
    Npy input = golden.array("input");
    if (input.shape.size() != 2) return std::nullopt;
    return Image{pixel_type_of(input.type), input.shape[0], input.shape[1], std::move(input.bytes)};
}

bool expect_masks(const std::string& name, const Case& golden, const LabelImage& got,
                  Variant variant) {
    constexpr double bar = 0.01;
    const std::string what = "masks_" + suffix_of(variant);
    const Npy wanted = golden.array(what);
    if (wanted.shape != std::vector{got.height, got.width})
        throw std::runtime_error(name + ": the masks have another shape");
    const double distance = agreement(wanted.labels(), got.labels).distance();
    expect_parity({name, what + " end to end", distance, bar});
    return distance == 0;
}

}  // namespace cytofleet::test
