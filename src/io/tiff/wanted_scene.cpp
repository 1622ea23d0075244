#include <algorithm>

#include "io/tiff/tiff_scene.hpp"

namespace cytofleet {
namespace {

// Those longer than 1, and the image's own.
AxisSizes axes_that_count(const TiffScene& scene) {
    AxisSizes all = scene.lead;
    if (!scene.scattered) std::ranges::copy(axes_of_page(scene.format), std::back_inserter(all));
    std::erase_if(all, [](const auto& axis) {
        return axis.second == 1 && axis.first != 'Y' && axis.first != 'X';
    });
    return all;
}

}  // namespace

std::optional<std::string> set_wanted_axes(TiffScene& scene, const WantedAxes& wanted) {
    const AxisSizes known = axes_that_count(scene);
    const AxisSizes axes = fit_axes(wanted, known, scene.guessed);
    AxisSizes counted = axes;
    std::erase_if(counted, [](const auto& axis) {
        return axis.second == 1 && axis.first != 'Y' && axis.first != 'X';
    });
    SceneInfo& info = scene.info;
    scene.guessed = false;
    if (counted == known) return std::nullopt;
    const AxisSizes page = axes_of_page(scene.format);
    const bool whole_pages =
        !scene.scattered && axes.size() >= page.size() &&
        std::equal(page.begin(), page.end(), axes.end() - static_cast<std::ptrdiff_t>(page.size()));
    scene.scattered = !whole_pages;
    scene.lead = axes;
    if (whole_pages) scene.lead.resize(axes.size() - page.size());
    info.axes.clear();
    for (const auto& axis : axes) info.axes += axis.first;
    info.t = size_in(axes, 'T');
    info.z = size_in(axes, 'Z');
    if (const std::int64_t c = size_in(axes, 'C'); c != info.c) {
        info.c = c;
        info.channel_names.clear();
    }
    info.y = size_in(axes, 'Y');
    info.x = size_in(axes, 'X');
    info.samples = size_in(axes, 'S');
    if (std::ssize(info.frame_times) != info.t) info.frame_times.clear();
    info.missing_frames.clear();
    if (whole_pages) list_missing(scene);
    return "its axes " + text_of(known) + " are taken as " + text_of(axes) + " (--axes)";
}

}  // namespace cytofleet
