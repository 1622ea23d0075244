// Any bytes as OME-XML: a document or one line, never a crash.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.hpp"
#include "io/tiff/ome_xml.hpp"

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    cytofleet::is_ome_xml(text);
    try {
        const cytofleet::OmeDocument document = cytofleet::parse_ome_xml(text, "input");
        for (const cytofleet::OmeImage& image : document.images) {
            if (image.t < 1 || image.c < 1 || image.z < 1 || image.axes.size() != 3) std::abort();
            if (image.pixel_size.x && !(*image.pixel_size.x > 0.0)) std::abort();
        }
    } catch (const cytofleet::Error& error) {
        if (std::string_view(error.what()).find('\n') != std::string_view::npos) std::abort();
    }
    return 0;
}
