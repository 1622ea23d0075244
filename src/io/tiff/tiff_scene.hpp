// Where every plane of a scene lies, and how scenes come out of a single file's pages.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "image/file_info.hpp"
#include "io/tiff/imagej.hpp"
#include "io/tiff/page_format.hpp"
#include "io/tiff/shaped.hpp"
#include "io/tiff/tiff_file.hpp"
#include "io/tiff/tiff_pixels.hpp"
#include "io/wanted_axes.hpp"

namespace cytofleet {

/// One page of a scene: its directory, or its first byte when the scene is raw.
struct PageRef {
    std::uint64_t at = 0;
    std::int32_t file = -1;  ///< index into the set's files; -1: the page is missing
};

struct TiffScene {
    SceneInfo info;
    PageFormat format;
    bool raw = false;  ///< uncompressed planes without directories
    ByteOrder order = ByteOrder::little;
    /// Axes and sizes of what `pages` lists, slowest first. When `scattered`, of all elements
    /// instead: X or Y then runs across pages.
    std::vector<std::pair<char, std::int64_t>> lead;
    bool scattered = false;
    bool guessed = false;  ///< nobody says what axis the pages make
    std::vector<PageRef> pages;
};

/// Pages that nobody names are time points.
constexpr char unnamed_axis = 'T';

/// Gives the scene the axes that the user wants. A line that says so, unless it has them already.
/// Throws Error{input} without the file's name when they do not fit.
std::optional<std::string> set_wanted_axes(TiffScene& scene, const WantedAxes& wanted);

/// Axis letters of one page: "YX", "YXS" or "SYX".
std::string page_axes(const PageFormat& format);
/// The same with their sizes, 1 too.
AxisSizes axes_of_page(const PageFormat& format);

/// Fills what follows from the page format: y, x, samples, type.
void set_page(TiffScene& scene, const PageFormat& format);

/// Fills missing_frames with the time points that have no plane at all. A warning when any plane is
/// missing.
std::optional<std::string> list_missing(TiffScene& scene);

/// What builds scenes from one file: the file, its decoder, and where warnings go.
struct TiffSource {
    const TiffFile& file;
    TiffPixels& pixels;
    std::vector<std::string>& warnings;
};

/// Pages of equal size and type make a scene each, in order of first appearance; reduced pages
/// count only when there are no others.
std::vector<TiffScene> plain_scenes(const TiffSource& source);
/// The hyperstack of an ImageJ file.
std::vector<TiffScene> imagej_scenes(const TiffSource& source,
                                     const ImageJDescription& description);
/// The series that `shaped` descriptions announce; empty when they do not fit the pages.
std::vector<TiffScene> shaped_scenes(const TiffSource& source);
/// The planes of a Zeiss LSM file; empty when its description does not fit its pages.
std::vector<TiffScene> lsm_scenes(const TiffSource& source);
/// The planes of a MetaMorph stack, which share one directory; empty when it has only one.
std::vector<TiffScene> metamorph_scenes(const TiffSource& source);

/// A raw scene's pages: `count` planes from byte `start` on. Throws Error{input} when the file is
/// shorter.
std::vector<PageRef> raw_pages(const TiffFile& file, const PageFormat& format, std::uint64_t start,
                               std::int64_t count);

}  // namespace cytofleet
