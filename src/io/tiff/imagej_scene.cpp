#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "io/tiff/tiff_scene.hpp"
#include "io/tiff/units.hpp"

namespace cytofleet {
namespace {

// Pixels per unit from the resolution tags, the unit from the description; without one there, from
// the tag.
PixelSize pixel_size(const TiffFile& file, const ImageJDescription& description) {
    constexpr auto resolution_unit = static_cast<TiffTag>(296);
    std::optional<double> unit;
    if (description.unit) {
        unit = micrometres_per(*description.unit);
    } else {
        const std::uint64_t code = file.first().number(file.file(), resolution_unit, 1);
        if (code == 3) unit = 1e4;
    }
    PixelSize size;
    const auto x = file.first().rational(file.file(), TiffTag::x_resolution);
    const auto y = file.first().rational(file.file(), TiffTag::y_resolution);
    if (x) size.x = positive(1.0 / *x, unit);
    if (y) size.y = positive(1.0 / *y, unit);
    if (description.spacing && description.unit) size.z = positive(*description.spacing, unit);
    return size;
}

// The labels of the first plane of each channel, when they tell the channels apart.
std::vector<std::string> channel_names(const TiffFile& file, const TiffScene& scene) {
    if (scene.info.c == 1) return {};  // labels then name frames or slices
    std::int64_t step = 1;
    for (auto axis = scene.lead.rbegin(); axis != scene.lead.rend() && axis->first != 'C'; ++axis) {
        step *= axis->second;
    }
    const std::vector<std::string> labels = imagej_labels(
        file.first().numbers(file.file(), TiffTag::imagej_counts),
        file.first().bytes(file.file(), TiffTag::imagej_metadata), file.header().order);
    std::vector<std::string> names;
    for (std::int64_t c = 0; c < scene.info.c; ++c) {
        const auto plane = static_cast<std::size_t>(c * step);
        if (plane >= labels.size()) return {};
        // What follows the first line is per-plane text of the microscope's software.
        names.push_back(printable(labels[plane].substr(0, labels[plane].find('\n'))));
    }
    const std::set<std::string> different(names.begin(), names.end());
    return different.size() == names.size() && !names.front().empty() ? names
                                                                      : std::vector<std::string>{};
}

// There is a page, or room for one, for each colour image, and not for each of its channels.
bool holds_colours_only(const TiffFile& file, const PageFormat& format, std::int64_t images,
                        std::int64_t channels) {
    const auto pages = static_cast<std::int64_t>(file.pages().size());
    if (pages > 1) return pages == images;
    const auto start = file.contiguous_start();
    if (!start || !format.unpacked()) return images == 1;
    const auto bytes = static_cast<std::uint64_t>(format.elements()) * size_of(format.type);
    const std::uint64_t room = (file.file().size() - std::min(*start, file.file().size())) / bytes;
    return room < static_cast<std::uint64_t>(images * channels);
}

}  // namespace

std::vector<TiffScene> imagej_scenes(const TiffSource& source,
                                     const ImageJDescription& description) {
    const TiffFile& file = source.file;
    TiffScene scene;
    set_page(scene, source.pixels.format(file.first().offset(), "the first page"));
    std::int64_t c = description.channels;
    std::int64_t z = description.slices;
    std::int64_t t = description.frames;
    // The colours of an RGB image may be announced as channels; they are samples of one page.
    constexpr std::int64_t most = std::int64_t{1} << 31;
    const bool colours =
        c > 1 && c == scene.format.samples && t <= most && z <= most && t * z <= most / c &&
        (description.images <= t * z || holds_colours_only(file, scene.format, t * z, c));
    if (colours) c = 1;
    if (c > most || z > most || t > most || c * z > most / t) {
        refuse(file.file().path(), "announces absurd numbers of channels, slices and frames");
    }
    const auto pages = static_cast<std::int64_t>(file.pages().size());
    std::int64_t count = c * z * t;
    if (count == 1 && !colours && std::max(pages, description.images) > 1) {
        // A stack without named axes.
        count = pages > 1 ? pages : description.images;
        if (count > most) refuse(file.file().path(), "announces an absurd number of images");
        t = count;
        scene.guessed = true;
    }
    if (pages == 1 && count > 1) {
        // ImageJ writes only one directory when the file is over 4 GB or was never in memory at
        // once.
        const auto start = file.contiguous_start();
        if (!start || !scene.format.unpacked()) {
            refuse(file.file().path(), "announces " + count_of(count, "plane") +
                                           " but has one page; copy or export the file again");
        }
        scene.raw = true;
        scene.order = file.header().order;
        scene.pages = raw_pages(file, scene.format, *start, count);
    } else {
        if (count > 4 * pages + 1000000) {
            refuse(file.file().path(),
                   "announces " + count_of(count, "plane") + " but has " + count_of(pages, "page"));
        }
        scene.pages.resize(static_cast<std::size_t>(count));
        for (std::int64_t i = 0; i < std::min(count, pages); ++i) {
            scene.pages[static_cast<std::size_t>(i)] = {
                file.pages()[static_cast<std::size_t>(i)].ifd, 0};
        }
        if (pages > count) {
            source.warnings.push_back(count_of(pages - count, "page") +
                                      " more than its ImageJ description names are left out");
        }
    }
    scene.info.t = t;
    scene.info.c = c;
    scene.info.z = z;
    for (const char axis : description.order) {
        const std::int64_t size = axis == 'T' ? t : axis == 'C' ? c : z;
        scene.lead.emplace_back(axis, size);
        if (size > 1) scene.info.axes += axis;
    }
    scene.info.axes += page_axes(scene.format);
    if (const auto warning = list_missing(scene)) source.warnings.push_back(*warning);
    scene.info.pixel_size = pixel_size(file, description);
    scene.info.time_increment = description.frame_interval;
    scene.info.channel_names = channel_names(file, scene);
    if (c > 4 && t == 1 && z == 1) {
        source.warnings.push_back("declares " + std::to_string(c) +
                                  " channels and no frames: if its planes are time points, set the "
                                  "axes in ImageJ (Image > Hyperstacks) and save it again");
    }
    std::vector<TiffScene> scenes;
    scenes.push_back(std::move(scene));
    return scenes;
}

}  // namespace cytofleet
