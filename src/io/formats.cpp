#include <array>
#include <new>

#include "base/error.hpp"
#include "io/reader.hpp"
#include "io/tiff/input_file.hpp"
#include "io/tiff/tiff_reader.hpp"

namespace cytofleet {
namespace {

struct Format {
    bool (*recognises)(const std::filesystem::path&, const Route&);
    std::unique_ptr<Reader> (*open)(const std::filesystem::path&, const ReaderOptions&);
};

// One line per format; the content decides, not the name.
constexpr auto formats = std::to_array<Format>({
    {&is_tiff, &open_tiff},
    {&is_ome_companion, &open_ome_companion},
});

}  // namespace

std::unique_ptr<Reader> open_reader(const std::filesystem::path& path,
                                    const ReaderOptions& options) {
    for (const Format& format : formats) {
        if (!format.recognises(path, options.route)) continue;
        try {
            return format.open(path, options);
        } catch (const std::bad_alloc&) {
            refuse(path, "needs more memory to open than there is");
        }
    }
    refuse(path, InputFile(path, options.route).size() == 0
                     ? "is empty; copy the file again"
                     : "is not an image file this program knows; convert it to TIFF");
}

}  // namespace cytofleet
