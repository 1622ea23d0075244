#include "report/png.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include <png.h>

#include "base/error.hpp"
#include "base/guarded_folder.hpp"

namespace cytofleet {

namespace {

// After the signature and the header: a text, Software, by which our pictures are known.
constexpr std::size_t mark_at = 33;
constexpr std::string_view mark(
    "\x00\x00\x00\x12"
    "tEXtSoftware\0"
    "cytofleet"
    "\x76\x2d\x04\x31",
    30);

}  // namespace

void write_png(const std::filesystem::path& path, const Picture& picture,
               const MayReplace& may_replace) {
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
    const auto text = std::as_bytes(std::span(mark));
    bytes.insert(bytes.begin() + mark_at, text.begin(), text.end());
    AtomicFile file(path);
    file.append(bytes);
    file.commit(may_replace);
}

bool is_own_png(const std::filesystem::path& path) {
    const Descriptor file(open_regular(path, {Links::none}));
    const std::string head = file ? read_up_to(file.number(), mark_at + mark.size()) : "";
    return head.size() > mark_at && std::string_view(head).substr(mark_at) == mark;
}

}  // namespace cytofleet
