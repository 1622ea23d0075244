#include "kernels/planes.hpp"

#include <array>
#include <cstddef>

namespace cytofleet::test {

std::vector<float> planes_of(const Npy& interleaved) {
    const std::vector<float> values = interleaved.floats();
    const auto channels = static_cast<std::size_t>(interleaved.shape.at(2));
    const std::size_t pixels = values.size() / channels;
    std::vector<float> out(values.size());
    for (std::size_t i = 0; i < values.size(); ++i)
        out[i % channels * pixels + i / channels] = values[i];
    return out;
}

Extent extent_of(const Npy& array) {
    return {array.shape.at(0), array.shape.at(1)};
}

std::vector<float> channels_of(const Case& golden, Extent extent) {
    const Npy input = golden.array("input");
    const auto pixels = static_cast<std::size_t>(extent.pixels());
    if (input.shape.size() == 2) {
        std::vector<float> out = input.floats();
        out.resize(2 * pixels, 0.0F);
        return out;
    }
    const std::vector<float> all = input.shape.back() == 2 ? planes_of(input) : input.floats();
    std::vector<float> out;
    for (const std::size_t channel : golden.json.at("kwargs").at("channels")) {
        const auto first = all.begin() + static_cast<std::ptrdiff_t>((channel - 1) * pixels);
        out.insert(out.end(), first, first + static_cast<std::ptrdiff_t>(pixels));
    }
    return out;
}

NormalizeOptions normalize_options_of(const nlohmann::json& kwargs) {
    NormalizeOptions options;
    const auto& how = kwargs.at("normalize");
    if (how.is_boolean()) {
        options.normalize = how.get<bool>();
        options.invert = kwargs.at("invert").get<bool>();
        return options;
    }
    if (how.contains("lowhigh")) {
        const auto& bounds = how.at("lowhigh");
        using Pair = std::array<double, 2>;
        options.lowhigh = bounds.at(0).is_array()
                              ? bounds.get<std::array<Pair, 2>>()
                              : std::array<Pair, 2>{bounds.get<Pair>(), bounds.get<Pair>()};
    }
    options.percentile = how.value("percentile", options.percentile);
    options.sharpen_radius = how.value("sharpen_radius", options.sharpen_radius);
    options.smooth_radius = how.value("smooth_radius", options.smooth_radius);
    options.tile_norm_blocksize = how.value("tile_norm_blocksize", options.tile_norm_blocksize);
    options.invert = how.value("invert", options.invert);
    return options;
}

}  // namespace cytofleet::test
