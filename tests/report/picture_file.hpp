// Reads a PNG back, by libpng.
#pragma once

#include <filesystem>
#include <stdexcept>

#include <png.h>

#include "report/png.hpp"

namespace cytofleet::test {

inline Picture read_png(const std::filesystem::path& path) {
    png_image image{};
    image.version = PNG_IMAGE_VERSION;
    if (png_image_begin_read_from_file(&image, path.c_str()) == 0)
        throw std::runtime_error(image.message);
    if (image.format != PNG_FORMAT_RGB) throw std::runtime_error("not RGB of 8 bits");
    Picture out(image.height, image.width, 0);
    if (png_image_finish_read(&image, nullptr, out.rgb.data(), 0, nullptr) == 0)
        throw std::runtime_error(image.message);
    return out;
}

}  // namespace cytofleet::test
