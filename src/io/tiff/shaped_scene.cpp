#include <algorithm>
#include <numeric>
#include <string_view>

#include "base/text.hpp"
#include "io/tiff/tiff_scene.hpp"

namespace cytofleet {
namespace {

// The axes longer than 1, with letters this program knows; neighbours it does not know become one
// axis of unnamed pages. Absent when a letter would occur twice.
std::optional<AxisSizes> known_axes(const ShapedDescription& description) {
    AxisSizes axes;
    bool unknown_before = false;
    for (std::size_t i = 0; i < description.shape.size(); ++i) {
        if (description.shape[i] == 1) continue;
        const char letter = description.axes[i];
        const bool known = std::string_view("TCZYXS").find(letter) != std::string_view::npos;
        if (!known && unknown_before) {
            axes.back().second *= description.shape[i];
        } else {
            axes.emplace_back(known ? letter : unnamed_axis, description.shape[i]);
        }
        unknown_before = !known;
    }
    for (std::size_t i = 0; i < axes.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            if (axes[i].first == axes[j].first) return std::nullopt;
        }
    }
    return axes;
}

// Gives the scene its axes; false when they cannot be those of its pages.
bool set_axes(TiffScene& scene, const ShapedDescription& description, std::int64_t planes) {
    AxisSizes axes;
    AxisSizes page = axes_of_page(scene.format);
    std::erase_if(page, [](const auto& axis) { return axis.second == 1; });
    if (description.axes.empty()) {
        scene.guessed = true;
        if (planes > 1) axes.emplace_back(unnamed_axis, planes);
        axes.insert(axes.end(), page.begin(), page.end());
    } else if (const auto known = known_axes(description)) {
        axes = *known;
    } else {
        return false;
    }
    const bool whole_pages =
        axes.size() >= page.size() &&
        std::equal(page.begin(), page.end(), axes.end() - static_cast<std::ptrdiff_t>(page.size()));
    scene.info.t = size_in(axes, 'T');
    scene.info.c = size_in(axes, 'C');
    scene.info.z = size_in(axes, 'Z');
    if (whole_pages) {
        scene.lead.assign(axes.begin(), axes.end() - static_cast<std::ptrdiff_t>(page.size()));
        const bool inside = std::any_of(scene.lead.begin(), scene.lead.end(), [](const auto& axis) {
            return axis.first == 'Y' || axis.first == 'X' || axis.first == 'S';
        });
        if (!inside) {
            for (const auto& axis : scene.lead) scene.info.axes += axis.first;
            scene.info.axes += page_axes(scene.format);
            return true;
        }
    }
    // Planes that run across pages, or channels side by side in a page.
    scene.scattered = true;
    scene.lead = axes;
    for (const char needed : {'Y', 'X'}) {
        if (size_in(axes, needed) == 1) {
            scene.lead.emplace_back(needed, 1);
        }
    }
    for (const auto& axis : scene.lead) scene.info.axes += axis.first;
    scene.info.y = size_in(axes, 'Y');
    scene.info.x = size_in(axes, 'X');
    scene.info.samples = size_in(axes, 'S');
    return true;
}

std::optional<ShapedDescription> description_of(const TiffFile& file,
                                                const TiffDirectory& directory) {
    // The second description is tifffile's own when the user gave a first.
    for (const int nth : {0, 1}) {
        if (auto shaped =
                parse_shaped(directory.text(file.file(), TiffTag::image_description, nth))) {
            return shaped;
        }
    }
    return std::nullopt;
}

}  // namespace

std::vector<TiffScene> shaped_scenes(const TiffSource& source) {
    const TiffFile& file = source.file;
    const std::vector<TiffPage>& pages = file.pages();
    std::vector<TiffScene> scenes;
    for (std::size_t index = 0; index < pages.size();) {
        const auto description = description_of(file, file.directory(index));
        if (!description) return {};
        TiffScene scene;
        scene.info.name = printable(description->name);
        set_page(scene,
                 source.pixels.format(pages[index].ifd, "page " + std::to_string(index + 1)));
        const std::int64_t elements =
            std::accumulate(description->shape.begin(), description->shape.end(), std::int64_t{1},
                            [](std::int64_t a, std::int64_t b) { return a * b; });
        if (elements % scene.format.elements() != 0) return {};
        const std::int64_t planes = elements / scene.format.elements();
        if (!set_axes(scene, *description, planes)) return {};
        const auto left = static_cast<std::int64_t>(pages.size() - index);
        if (planes > 1 && left == 1 && index == 0 && file.contiguous_start() &&
            scene.format.unpacked()) {
            scene.raw = true;
            scene.order = file.header().order;
            scene.pages = raw_pages(file, scene.format, *file.contiguous_start(), planes);
        } else if (planes > left) {
            refuse(file.file().path(), "is cut off: it announces " + count_of(planes, "page") +
                                           " and has " + count_of(left, "page") +
                                           "; copy the file again");
        } else {
            for (std::int64_t i = 0; i < planes; ++i) {
                scene.pages.push_back({pages[index + static_cast<std::size_t>(i)].ifd, 0});
            }
        }
        index += scene.raw ? 1 : static_cast<std::size_t>(planes);
        scenes.push_back(std::move(scene));
    }
    return scenes;
}

}  // namespace cytofleet
