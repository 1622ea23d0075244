#include "io/tiff/tiff_scene.hpp"

#include <algorithm>
#include <map>

#include "base/byte_reader.hpp"
#include "base/text.hpp"
#include "io/tiff/frame_times.hpp"

namespace cytofleet {

std::string page_axes(const PageFormat& format) {
    if (format.samples == 1) return "YX";
    return format.planar ? "SYX" : "YXS";
}

AxisSizes axes_of_page(const PageFormat& format) {
    AxisSizes out;
    for (const char letter : page_axes(format))
        out.emplace_back(letter, letter == 'Y'   ? format.height
                                 : letter == 'X' ? format.width
                                                 : format.samples);
    return out;
}

void set_page(TiffScene& scene, const PageFormat& format) {
    scene.format = format;
    scene.info.y = format.height;
    scene.info.x = format.width;
    scene.info.samples = format.samples;
    scene.info.type = format.type;
}

namespace {

// The scene is a row of pages along one axis.
void set_row(TiffScene& scene, char axis) {
    const auto count = static_cast<std::int64_t>(scene.pages.size());
    scene.lead = {{axis, count}};
    scene.guessed = true;
    (axis == 'C' ? scene.info.c : axis == 'Z' ? scene.info.z : scene.info.t) = count;
    scene.info.axes = page_axes(scene.format);
    if (count > 1) scene.info.axes.insert(0, 1, axis);
}

}  // namespace

std::optional<std::string> list_missing(TiffScene& scene) {
    std::int64_t step = 1;
    for (auto axis = scene.lead.rbegin(); axis != scene.lead.rend() && axis->first != 'T'; ++axis) {
        step *= axis->second;
    }
    std::vector<bool> there(static_cast<std::size_t>(scene.info.t), false);
    std::uint64_t present = 0;
    for (std::size_t i = 0; i < scene.pages.size(); ++i) {
        if (scene.pages[i].file < 0) continue;
        ++present;
        const std::int64_t t = static_cast<std::int64_t>(i) / step % scene.info.t;
        there[static_cast<std::size_t>(t)] = true;
    }
    for (std::int64_t t = 0; t < scene.info.t; ++t) {
        if (!there[static_cast<std::size_t>(t)]) scene.info.missing_frames.push_back(t);
    }
    if (present == scene.pages.size()) return std::nullopt;
    const auto& missing = scene.info.missing_frames;
    const std::string which =
        missing.empty()       ? "the missing ones are left out"
        : missing.size() == 1 ? "frame " + ranges_of(missing) + " is not there and stays empty"
                              : "frames " + ranges_of(missing) + " are not there and stay empty";
    return "announces " + count_of(scene.pages.size(), "plane") + " and has " +
           std::to_string(present) + " of them (acquisition stopped early?): " + which;
}

std::vector<PageRef> raw_pages(const TiffFile& file, const PageFormat& format, std::uint64_t start,
                               std::int64_t count) {
    const std::uint64_t page_bytes =
        static_cast<std::uint64_t>(format.elements()) * size_of(format.type);
    const std::uint64_t left = start > file.file().size() ? 0 : file.file().size() - start;
    const std::uint64_t there = left / page_bytes;
    if (there < static_cast<std::uint64_t>(count)) {
        refuse(file.file().path(), "is cut off: it announces " + count_of(count, "plane") +
                                       " and ends in plane " + std::to_string(there + 1) +
                                       "; copy the file again");
    }
    std::vector<PageRef> pages(static_cast<std::size_t>(count));
    for (PageRef& page : pages) {
        page = {start, 0};
        start += page_bytes;
    }
    return pages;
}

std::vector<TiffScene> plain_scenes(const TiffSource& source) {
    const std::vector<TiffPage>& pages = source.file.pages();
    const bool all_reduced =
        std::all_of(pages.begin(), pages.end(), [](const TiffPage& page) { return page.reduced; });
    std::vector<TiffScene> scenes;
    std::vector<std::uint32_t> kinds;
    std::size_t number = 0;
    for (const TiffPage& page : pages) {
        ++number;
        if (page.reduced && !all_reduced) continue;
        const auto found = std::find(kinds.begin(), kinds.end(), page.kind);
        const auto index = static_cast<std::size_t>(found - kinds.begin());
        if (found == kinds.end()) {
            kinds.push_back(page.kind);
            TiffScene scene;
            set_page(scene, source.pixels.format(page.ifd, "page " + std::to_string(number)));
            scenes.push_back(std::move(scene));
        }
        scenes[index].pages.push_back({page.ifd, 0});
    }
    for (TiffScene& scene : scenes) set_row(scene, unnamed_axis);
    if (scenes.size() > 1) {
        source.warnings.push_back("its pages differ in size or type: they are read as " +
                                  count_of(scenes.size(), "scene"));
    }
    return scenes;
}

namespace {

// tifffile's rule: distances between all planes make a Z stack, else times that all differ a movie.
void set_stk_axes(TiffScene& scene, const TiffFile& file) {
    const std::size_t planes = scene.pages.size();
    constexpr std::size_t group = 24;  // distance (2 numbers), day and time created, and modified
    const std::vector<std::byte> raw =
        file.first().bytes_at(file.file(), TiffTag::metamorph_uic2, planes * group);
    if (raw.empty()) return set_row(scene, unnamed_axis);
    ByteReader reader(raw, "UIC2 tag", file.header().order);
    bool distances = true;
    bool times = true;
    std::map<std::int64_t, double> seconds;
    std::uint32_t before = 0;
    for (std::size_t i = 0; i < planes; ++i) {
        const auto top = reader.read<std::uint32_t>();
        const auto bottom = reader.read<std::uint32_t>();
        const auto day = reader.read<std::uint32_t>();
        const auto milliseconds = reader.read<std::uint32_t>();
        reader.skip(8);
        distances = distances && top != 0 && bottom != 0;
        times = times && (i == 0 || milliseconds != before);
        before = milliseconds;
        seconds.emplace(static_cast<std::int64_t>(i), 86400.0 * day + milliseconds / 1000.0);
    }
    set_row(scene, distances ? 'Z' : 'T');
    if (distances || times) scene.guessed = false;
    if (!distances && times) {
        const double start = seconds.at(0);
        for (auto& [t, time] : seconds) time -= start;
        set_frame_times(scene.info, seconds);
    }
}

}  // namespace

std::vector<TiffScene> metamorph_scenes(const TiffSource& source) {
    // UIC2 holds one group of values per plane; its count is the number of planes.
    const auto planes =
        static_cast<std::int64_t>(source.file.first().count(TiffTag::metamorph_uic2));
    const auto start = source.file.contiguous_start();
    if (planes < 2 || !start) return {};
    TiffScene scene;
    set_page(scene, source.pixels.format(source.file.first().offset(), "the first page"));
    if (!scene.format.unpacked()) return {};
    scene.raw = true;
    scene.order = source.file.header().order;
    scene.pages = raw_pages(source.file, scene.format, *start, planes);
    set_stk_axes(scene, source.file);
    std::vector<TiffScene> scenes;
    scenes.push_back(std::move(scene));
    return scenes;
}

}  // namespace cytofleet
