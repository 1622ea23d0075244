#include "report/png.hpp"

#include <cstddef>

#include <png.h>

#include "base/error.hpp"
#include "io/atomic_file.hpp"

namespace cytofleet {

void write_png(const std::filesystem::path& path, const Picture& picture) {
    png_image image{};
    image.version = PNG_IMAGE_VERSION;
    image.width = static_cast<png_uint_32>(picture.width);
    image.height = static_cast<png_uint_32>(picture.height);
    image.format = PNG_FORMAT_RGB;
    png_alloc_size_t size = 0;
    ensure(
        png_image_write_to_memory(&image, nullptr, &size, 0, picture.rgb.data(), 0, nullptr) != 0,
        "the picture can be encoded");
    std::vector<std::byte> bytes(size);
    ensure(png_image_write_to_memory(&image, bytes.data(), &size, 0, picture.rgb.data(), 0,
                                     nullptr) != 0,
           "the picture can be encoded");
    bytes.resize(size);
    AtomicFile file(path);
    file.append(bytes);
    file.commit();
}

}  // namespace cytofleet
