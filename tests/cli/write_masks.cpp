// Writes mask files that no small model can provoke, for output_test to read back: more than 65,535
// labels, text that XML cannot hold.
#include <cstdint>
#include <filesystem>
#include <string>

#include "io/mask_writer.hpp"

using namespace cytofleet;

namespace {

/// output_test knows this formula: the first plane has `labels` cells, one pixel each.
LabelImage numbered(std::int64_t height, std::int64_t width, std::uint32_t labels) {
    LabelImage out{height, width, {}, labels, labels};
    for (std::int64_t i = 0; i < height * width; ++i)
        out.labels.push_back(i < labels ? static_cast<std::uint32_t>(i + 1) : 0);
    return out;
}

void write(const std::filesystem::path& path, std::uint32_t labels) {
    MaskFile file;
    file.path = path;
    file.input.y = 301;
    file.input.x = 257;
    file.input.t = 2;
    file.input.pixel_size = {0.5, 0.25, -1.0};
    file.input.time_increment = 0.125;
    file.input.acquired = "yesterday";
    file.annotations = {"tab\t, <&> \"\n", "bell \x07, no UTF-8 \xff, \xc2\xb5m"};
    file.empty_frames = {1};
    file.wide = labels > 65535;
    const bool wide = file.wide;
    MaskWriter writer(std::move(file));
    writer.add(encode_plane(numbered(301, 257, labels), wide));
    writer.add(encode_plane(numbered(301, 257, 0), wide));
    writer.finish();
}

/// Over 2 MiB of strips: labels that do not compress, by a formula that output_test knows.
void write_large(const std::filesystem::path& path) {
    constexpr std::int64_t side = 1100;
    LabelImage labels{side, side, {}, 65535, 65535};
    for (std::uint32_t i = 0; i < side * side; ++i) labels.labels.push_back(i * 2654435761U >> 16);
    MaskFile file;
    file.path = path;
    file.input.y = file.input.x = side;
    MaskWriter writer(std::move(file));
    writer.add(encode_plane(labels));
    writer.finish();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    const std::filesystem::path folder(argv[1]);
    write(folder / "narrow.ome.tif", 65535);
    write(folder / "wide.ome.tif", 65536);
    write_large(folder / "large.ome.tif");
    return 0;
}
