#include "kernels/label_planes.hpp"

#include <algorithm>
#include <random>
#include <string_view>

namespace cytofleet::test {
namespace {

constexpr std::string_view letters = ".123456789abcdefghijklmnopqrstuvwxyz";

}  // namespace

LabelPlane drawn(const std::vector<std::string>& rows) {
    LabelPlane out{{std::ssize(rows), std::ssize(rows.at(0))}, {}};
    for (const std::string& row : rows)
        for (const char letter : row)
            out.labels.push_back(static_cast<std::uint32_t>(letters.find(letter)));
    return out;
}

std::string picture_of(const LabelPlane& plane) {
    std::string out;
    for (std::int64_t y = 0; y < plane.extent.height; ++y) {
        out += '\n';
        for (std::int64_t x = 0; x < plane.extent.width; ++x)
            out += plane.at(y, x) < letters.size() ? letters[plane.at(y, x)] : '#';
    }
    return out;
}

LabelPlane speckled(Extent extent, std::uint32_t labels, std::uint32_t zeros, std::uint32_t seed) {
    std::mt19937 bits(seed);
    LabelPlane out{extent, {}};
    for (std::int64_t i = 0; i < extent.pixels(); ++i) {
        const auto value = static_cast<std::uint32_t>(bits() % (labels + 1 + zeros));
        out.labels.push_back(value <= labels ? value : 0);
    }
    return out;
}

LabelPlane shapes(Extent extent, std::uint32_t count, std::uint32_t seed) {
    std::mt19937 bits(seed);
    const auto random = [&bits](std::int64_t below) {
        return static_cast<std::int64_t>(bits() % static_cast<std::uint64_t>(below));
    };
    LabelPlane out{extent, std::vector<std::uint32_t>(static_cast<std::size_t>(extent.pixels()))};
    for (std::uint32_t label = 1; label <= count; ++label) {
        const std::int64_t middle_y = random(extent.height);
        const std::int64_t middle_x = random(extent.width);
        const std::int64_t outer = 1 + random(std::min(extent.height, extent.width) / 3 + 1);
        const std::int64_t kind = random(4);
        const std::int64_t inner = kind == 1 ? random(outer) : 0;
        const std::int64_t half_y = kind == 2 ? 0 : kind == 3 ? extent.height / 3 : outer;
        const std::int64_t half_x = kind == 3 ? 0 : kind == 2 ? extent.width / 3 : outer;
        for (std::int64_t y = std::max<std::int64_t>(0, middle_y - half_y);
             y <= std::min(extent.height - 1, middle_y + half_y); ++y)
            for (std::int64_t x = std::max<std::int64_t>(0, middle_x - half_x);
                 x <= std::min(extent.width - 1, middle_x + half_x); ++x) {
                const std::int64_t distance =
                    (y - middle_y) * (y - middle_y) + (x - middle_x) * (x - middle_x);
                if (kind >= 2 || (distance <= outer * outer && distance >= inner * inner))
                    out.labels[static_cast<std::size_t>(y * extent.width + x)] = label;
            }
    }
    return out;
}

}  // namespace cytofleet::test
