// The axes of Zeiss LSM files: channels are samples of a page, every second page is a thumbnail.
#include <cmath>

#include "base/byte_reader.hpp"
#include "io/tiff/tiff_scene.hpp"
#include "io/tiff/units.hpp"

namespace cytofleet {
namespace {

constexpr std::size_t part_read = 120;  // of CZ_LSMINFO: up to the time interval

struct LsmInfo {
    std::int64_t z = 1;
    std::int64_t t = 1;
    std::int64_t scan = 0;
    PixelSize size;
    std::optional<double> interval;
};

std::optional<LsmInfo> read_info(const TiffFile& file) {
    const auto raw = file.first().bytes_at(file.file(), TiffTag::lsm_info, part_read);
    if (raw.empty() || file.first().count(TiffTag::lsm_info) < part_read) return std::nullopt;
    ByteReader reader(raw, "LSM tag", file.header().order);
    const auto magic = reader.read<std::uint32_t>();
    if (magic != 0x00300494CU && magic != 0x00400494CU) return std::nullopt;
    LsmInfo out;
    reader.seek(16);
    out.z = reader.read<std::int32_t>();
    reader.skip(4);  // channels: the pages tell
    out.t = reader.read<std::int32_t>();
    reader.seek(40);
    for (auto* const size : {&out.size.x, &out.size.y, &out.size.z})
        *size = positive(reader.read<double>(), 1e6);  // from metres
    reader.seek(88);
    out.scan = reader.read<std::uint16_t>();
    reader.seek(112);
    out.interval = positive(reader.read<double>(), 1.0);
    if (out.z < 1 || out.t < 1 || out.z > (1 << 24) / out.t) return std::nullopt;
    return out;
}

}  // namespace

std::vector<TiffScene> lsm_scenes(const TiffSource& source) {
    const auto info = read_info(source.file);
    // 0: a stack of planes, 3: a movie of planes, 6: a movie of stacks; others are lines and
    // points.
    if (!info || (info->scan != 0 && info->scan != 3 && info->scan != 6)) return {};
    TiffScene scene;
    for (const TiffPage& page : source.file.pages())
        if (!page.reduced) scene.pages.push_back({page.ifd, 0});
    const std::int64_t planes = info->z * info->t;
    // More pages than that are several positions.
    if (scene.pages.empty() || std::ssize(scene.pages) > planes) return {};
    scene.pages.resize(static_cast<std::size_t>(planes));
    set_page(scene, source.pixels.format(scene.pages.front().at, "the first page"));
    scene.info.t = info->t;
    scene.info.z = info->z;
    scene.lead = {{'T', info->t}, {'Z', info->z}};
    scene.info.axes = "TZ" + page_axes(scene.format);
    scene.info.pixel_size = info->size;
    if (info->t > 1) scene.info.time_increment = info->interval;
    if (const auto warning = list_missing(scene)) source.warnings.push_back(*warning);
    std::vector<TiffScene> scenes;
    scenes.push_back(std::move(scene));
    return scenes;
}

}  // namespace cytofleet
