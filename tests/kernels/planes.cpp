#include "kernels/planes.hpp"

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

}  // namespace cytofleet::test
