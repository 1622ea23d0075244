#include "models/cellpose/grey_plane.hpp"

#include <algorithm>
#include <cmath>

namespace cytofleet {

std::vector<float> grey_input(const Image& plane, std::int64_t channels) {
    const auto pixels = static_cast<std::size_t>(plane.height * plane.width);
    std::vector<float> out(pixels * static_cast<std::size_t>(channels));
    to_float(plane, std::span(out).first(pixels));
    return out;
}

template <class Pixel>
PlaneCheck check_plane(std::span<const Pixel> pixels) {
    PlaneCheck out;
    if constexpr (std::is_floating_point_v<Pixel>)
        out.finite = std::ranges::all_of(pixels, [](Pixel value) { return std::isfinite(value); });
    const auto [low, high] = std::ranges::minmax(pixels);
    out.constant = low == high;
    return out;
}
template PlaneCheck check_plane(std::span<const std::uint8_t>);
template PlaneCheck check_plane(std::span<const std::uint16_t>);
template PlaneCheck check_plane(std::span<const float>);

bool take_check(const PlaneCheck& check, const Image& plane, SegmentResult& result) {
    if (!check.finite) {
        const auto pixels = static_cast<std::size_t>(plane.height * plane.width);
        result.labels = {plane.height, plane.width, std::vector<std::uint32_t>(pixels), 0, 0};
        result.warnings.emplace_back("holds NaN or infinite pixels: left empty");
        return false;
    }
    if (check.constant) result.warnings.emplace_back("is constant: every pixel is the same");
    return true;
}

}  // namespace cytofleet
