#include "io/hash_pixels.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/hash.hpp"

namespace cytofleet {
namespace {

using Axes = std::vector<std::pair<char, std::int64_t>>;

std::int64_t size_on(char axis, const SceneInfo& info) {
    switch (axis) {
        case 'T':
            return info.t;
        case 'C':
            return info.c;
        case 'Z':
            return info.z;
        case 'Y':
            return info.y;
        case 'X':
            return info.x;
        default:
            return info.samples;
    }
}

void set_index(char axis, std::int64_t index, PlaneId& plane) {
    if (axis == 'T') plane.t = index;
    if (axis == 'C') plane.c = index;
    if (axis == 'Z') plane.z = index;
    if (axis == 'S') plane.sample = index;
}

// Steps the indices of `axes` like an odometer, the last fastest; false after the last position.
bool advance(const Axes& axes, std::vector<std::int64_t>& indices, PlaneId& plane) {
    for (std::size_t i = axes.size(); i-- > 0;) {
        const bool wraps = ++indices[i] == axes[i].second;
        if (wraps) indices[i] = 0;
        set_index(axes[i].first, indices[i], plane);
        if (!wraps) return true;
    }
    return false;
}

// The plane's values, or zeros, into a block whose axes from the first of Y and X on are `inner`.
class Block {
  public:
    Block(const Axes& inner, const SceneInfo& info)
        : value_bytes_(static_cast<std::int64_t>(size_of(info.type))) {
        std::int64_t step = value_bytes_;
        for (std::size_t i = inner.size(); i-- > 0;) {
            const auto [letter, size] = inner[i];
            if (letter == 'Y') step_y_ = step;
            if (letter == 'X') step_x_ = step;
            step *= size;
            if (letter != 'Y' && letter != 'X') planes_.insert(planes_.begin(), inner[i]);
        }
        bytes_.resize(static_cast<std::size_t>(step));
    }

    const Axes& planes() const { return planes_; }
    const std::vector<std::byte>& bytes() const { return bytes_; }

    void put(const Image& image, std::int64_t offset) {
        const std::byte* from = image.bytes.data();
        for (std::int64_t y = 0; y < image.height; ++y) {
            std::byte* to = bytes_.data() + offset + y * step_y_;
            if (step_x_ == value_bytes_) {
                std::memcpy(to, from, static_cast<std::size_t>(image.width * value_bytes_));
                from += image.width * value_bytes_;
                continue;
            }
            for (std::int64_t x = 0; x < image.width; ++x) {
                std::memcpy(to, from, static_cast<std::size_t>(value_bytes_));
                to += step_x_;
                from += value_bytes_;
            }
        }
    }

    /// Byte offset in the block of the plane at these indices of planes().
    std::int64_t offset_of(const Axes& inner, const PlaneId& plane) const {
        std::int64_t step = value_bytes_;
        std::int64_t offset = 0;
        for (std::size_t i = inner.size(); i-- > 0;) {
            const auto [letter, size] = inner[i];
            if (letter == 'T') offset += plane.t * step;
            if (letter == 'C') offset += plane.c * step;
            if (letter == 'Z') offset += plane.z * step;
            if (letter == 'S') offset += plane.sample * step;
            step *= size;
        }
        return offset;
    }

    void clear() { std::fill(bytes_.begin(), bytes_.end(), std::byte{0}); }

  private:
    std::int64_t value_bytes_;
    std::int64_t step_y_ = 0;
    std::int64_t step_x_ = 0;
    Axes planes_;
    std::vector<std::byte> bytes_;
};

}  // namespace

std::string hash_pixels(Reader& reader, std::int64_t scene) {
    static_assert(std::endian::native == std::endian::little, "the hash is of little-endian bytes");
    const SceneInfo& info = reader.info().scenes.at(static_cast<std::size_t>(scene));
    Axes axes;
    for (const char axis : info.axes) axes.emplace_back(axis, size_on(axis, info));
    const auto split = std::find_if(axes.begin(), axes.end(), [](const auto& axis) {
        return axis.first == 'Y' || axis.first == 'X';
    });
    const Axes outer(axes.begin(), split);
    const Axes inner(split, axes.end());
    Sha256 hash;
    Block block(inner, info);
    PlaneId plane;
    plane.scene = scene;
    std::vector<std::int64_t> outer_indices(outer.size(), 0);
    do {
        std::vector<std::int64_t> inner_indices(block.planes().size(), 0);
        block.clear();
        do {
            if (reader.present(plane)) {
                block.put(reader.read(plane), block.offset_of(inner, plane));
            }
        } while (advance(block.planes(), inner_indices, plane));
        hash.update(block.bytes());
    } while (advance(outer, outer_indices, plane));
    return hash.hex();
}

}  // namespace cytofleet
