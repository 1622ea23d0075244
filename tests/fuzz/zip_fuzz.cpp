// Any bytes as a zip file: every entry reads, or one line says why not.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "weights/zip_reader.hpp"

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        const cytofleet::ZipReader zip(std::as_bytes(std::span(data, size)));
        for (const cytofleet::ZipEntry& entry : zip.entries()) {
            if (zip.find(entry.name) != &entry) std::abort();
            try {
                std::vector<std::byte> room;
                if (zip.read(entry, room).size() != entry.size) std::abort();
            } catch (const cytofleet::Error&) {
                continue;  // the other entries may still be sound
            }
        }
    } catch (const cytofleet::Error& error) {
        if (std::string_view(error.what()).find('\n') != std::string_view::npos) std::abort();
    }
    return 0;
}
