#include "report/overlay.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.hpp"
#include "report/caption.hpp"

namespace cytofleet {
namespace {

using Colour = std::array<float, 3>;

constexpr std::int64_t gap = 6;
constexpr std::uint8_t background = 24;
constexpr float fill_strength = 0.22F;

/// Hues by the golden ratio: neighbours in number are far apart in colour.
Colour colour_of(std::uint32_t label) {
    const double hue = std::fmod(static_cast<double>(label) * 0.6180339887498949, 1.0) * 6;
    const auto rise = static_cast<float>(hue - std::floor(hue));
    constexpr float low = 0.25F;
    const float up = low + (1 - low) * rise;
    const float down = 1 - (1 - low) * rise;
    switch (static_cast<int>(hue)) {
        case 0:
            return {1, up, low};
        case 1:
            return {down, 1, low};
        case 2:
            return {low, 1, up};
        case 3:
            return {low, down, 1};
        case 4:
            return {up, low, 1};
        default:
            return {1, low, down};
    }
}

/// Grey values as 0 to 1 between two percentiles; 0.5 where the frame is flat.
std::vector<float> stretched(const Image& image) {
    std::vector<float> grey(static_cast<std::size_t>(image.height * image.width));
    to_float(image, grey);
    for (float& value : grey)
        if (!std::isfinite(value)) value = 0;
    std::vector<float> sorted = grey;
    const auto at = [&](double fraction) {
        const auto nth = sorted.begin() + static_cast<std::ptrdiff_t>(
                                              fraction * static_cast<double>(sorted.size() - 1));
        std::ranges::nth_element(sorted, nth);
        return *nth;
    };
    const float low = at(0.01);
    const float high = at(0.998);
    for (float& value : grey)
        value = high > low ? std::clamp((value - low) / (high - low), 0.0F, 1.0F) : 0.5F;
    return grey;
}

/// One frame at `factor` picture pixels per image pixel, or 1 / -factor.
class Painter {
  public:
    Painter(const Image& image, const LabelImage& labels, std::int64_t tile)
        : labels_(labels), grey_(stretched(image)) {
        const std::int64_t longest = std::max(image.height, image.width);
        shrink_ = std::max<std::int64_t>(1, (longest + tile - 1) / tile);
        enlarge_ = shrink_ > 1 ? 1 : std::max<std::int64_t>(1, tile / longest);
    }

    Picture paint() const {
        Picture out(std::max<std::int64_t>(1, labels_.height * enlarge_ / shrink_),
                    std::max<std::int64_t>(1, labels_.width * enlarge_ / shrink_), 0);
        for (std::int64_t y = 0; y < out.height; ++y)
            for (std::int64_t x = 0; x < out.width; ++x) {
                const float grey = mean_grey(y, x);
                const std::uint32_t label = label_at(y, x);
                const bool edge = label != 0 && on_edge(y, x, label, out);
                const Colour colour = label == 0 ? Colour{grey, grey, grey} : colour_of(label);
                const float strength = edge ? 0.9F : label == 0 ? 0.0F : fill_strength;
                std::uint8_t* to = out.at(y, x);
                for (std::size_t c = 0; c < 3; ++c)
                    to[c] = static_cast<std::uint8_t>(
                        std::lround(255 * (grey * (1 - strength) + colour[c] * strength)));
            }
        return out;
    }

  private:
    std::size_t index(std::int64_t y, std::int64_t x) const {
        return static_cast<std::size_t>(y * labels_.width + x);
    }
    std::uint32_t label_at(std::int64_t y, std::int64_t x) const {
        return labels_.labels[index(y * shrink_ / enlarge_, x * shrink_ / enlarge_)];
    }
    float mean_grey(std::int64_t y, std::int64_t x) const {
        const std::int64_t top = y * shrink_ / enlarge_;
        const std::int64_t left = x * shrink_ / enlarge_;
        const std::int64_t bottom = std::min(top + shrink_, labels_.height);
        const std::int64_t right = std::min(left + shrink_, labels_.width);
        float sum = 0;
        for (std::int64_t row = top; row < bottom; ++row)
            for (std::int64_t column = left; column < right; ++column)
                sum += grey_[index(row, column)];
        return sum / static_cast<float>((bottom - top) * (right - left));
    }
    bool on_edge(std::int64_t y, std::int64_t x, std::uint32_t label, const Picture& out) const {
        return (y > 0 && label_at(y - 1, x) != label) || (x > 0 && label_at(y, x - 1) != label) ||
               (y + 1 < out.height && label_at(y + 1, x) != label) ||
               (x + 1 < out.width && label_at(y, x + 1) != label);
    }

    const LabelImage& labels_;
    std::vector<float> grey_;
    std::int64_t shrink_ = 1;
    std::int64_t enlarge_ = 1;
};

}  // namespace

void ContactSheet::add(const Image& image, const LabelImage& labels, const std::string& caption) {
    ensure(image.height == labels.height && image.width == labels.width && image.height > 0 &&
               image.width > 0,
           "picture and labels have one size");
    const Picture painted = Painter(image, labels, tile_).paint();
    constexpr std::int64_t scale = 2;
    constexpr std::int64_t margin = 4;
    Picture tile(painted.height + glyph_height * scale + 2 * margin, painted.width, background);
    draw_text(tile, margin, margin, scale, caption);
    std::ranges::copy(painted.rgb, tile.at(glyph_height * scale + 2 * margin, 0));
    tiles_.push_back(std::move(tile));
}

void ContactSheet::write(const std::filesystem::path& path, const MayReplace& may_replace) const {
    ensure(!tiles_.empty(), "a sheet has a frame");
    const auto count = static_cast<std::int64_t>(tiles_.size());
    const std::int64_t columns = std::min(columns_, count);
    const std::int64_t rows = (count + columns - 1) / columns;
    const std::int64_t height = tiles_[0].height;
    const std::int64_t width = tiles_[0].width;
    Picture sheet(rows * (height + gap) + gap, columns * (width + gap) + gap, background);
    for (std::int64_t i = 0; i < count; ++i) {
        const Picture& tile = tiles_[static_cast<std::size_t>(i)];
        for (std::int64_t y = 0; y < std::min(height, tile.height); ++y)
            std::copy_n(tile.rgb.data() + static_cast<std::size_t>(y * tile.width * 3),
                        static_cast<std::size_t>(std::min(width, tile.width) * 3),
                        sheet.at(gap + (i / columns) * (height + gap) + y,
                                 gap + (i % columns) * (width + gap)));
    }
    write_png(path, sheet, may_replace);
}

}  // namespace cytofleet
