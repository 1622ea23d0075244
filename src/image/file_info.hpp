// What a file says about itself: scenes, axes, sizes, pixel sizes, channels.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "image/image.hpp"

namespace cytofleet {

/// Micrometres per pixel; absent where the file does not say or says nonsense (0, negative, NaN).
struct PixelSize {
    std::optional<double> x;
    std::optional<double> y;
    std::optional<double> z;
};

/// One scene (OME image, position, series): T x C x Z planes of Y x X pixels of `samples` values.
struct SceneInfo {
    std::string name;  ///< may be empty
    std::string
        axes;  ///< as the file stores them, sizes of 1 included where the file names them: "TCYX"
    std::int64_t t = 1;
    std::int64_t c = 1;
    std::int64_t z = 1;
    std::int64_t y = 0;
    std::int64_t x = 0;
    std::int64_t samples = 1;  ///< 3 or 4 for RGB(A)
    PixelType type = PixelType::u8;
    PixelSize pixel_size;
    std::vector<std::string> channel_names;  ///< empty, or one per C
    std::optional<double> time_increment;    ///< seconds between frames
    std::vector<double> frame_times;  ///< seconds, where they are irregular; empty, or one per T
    std::optional<std::string> acquired;  ///< acquisition date as the file gives it
    std::vector<std::int64_t>
        missing_frames;  ///< T announced but not in the file (aborted acquisition)
};

/// One input file (or file set, named by the file the user gave).
struct FileInfo {
    std::filesystem::path path;     ///< as given
    std::string format;             ///< "OME-TIFF", "ImageJ TIFF", "shaped TIFF", "TIFF"
    std::string compression;        ///< "none", "LZW", ...
    std::vector<SceneInfo> scenes;  ///< never empty
    std::vector<std::filesystem::path>
        members;                        ///< image files it consists of, `path` or a whole set
    std::filesystem::path description;  ///< the file that describes the set; empty: `path`
    std::vector<std::string> history;   ///< VLabApp annotations of the input, in file order
    std::vector<std::string> warnings;  ///< one line each
};

/// One plane of a file, 0-based.
struct PlaneId {
    std::int64_t scene = 0;
    std::int64_t t = 0;
    std::int64_t c = 0;
    std::int64_t z = 0;
    std::int64_t sample = 0;
};

/// One frame of a run: input file by its number in the plan, scene, time point.
struct FrameId {
    std::int64_t file = 0;
    std::int64_t scene = 0;
    std::int64_t t = 0;
    auto operator<=>(const FrameId&) const = default;
};

}  // namespace cytofleet
