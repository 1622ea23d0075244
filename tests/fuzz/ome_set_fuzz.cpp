// Any bytes as the OME-XML of a set whose files are there, or are pipes and links: planes or one
// line, never a wait.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <sys/stat.h>

#include "base/error.hpp"
#include "io/reader.hpp"
#include "scratch_folder.hpp"

namespace {

void number(std::string& out, std::uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xffU);
}

/// Pages of 5 x 6 bytes, little-endian and plain.
std::string small_tiff(int pages) {
    constexpr std::uint32_t directory = 2 + 8 * 12 + 4;
    std::string out = "II*";
    out += '\0';
    number(out, 8 + 30 + 2, 4);
    out.append(32, 'p');
    for (int page = 0; page < pages; ++page) {
        const auto next = static_cast<std::uint32_t>(out.size()) + directory;
        number(out, 8, 2);
        const std::uint32_t tags[8][3] = {{256, 4, 5}, {257, 4, 6}, {258, 3, 8}, {259, 3, 1},
                                          {262, 3, 1}, {273, 4, 8}, {278, 4, 6}, {279, 4, 30}};
        for (const auto& tag : tags) {
            number(out, tag[0], 2);
            number(out, tag[1], 2);
            number(out, 1, 4);
            number(out, tag[2], 4);
        }
        number(out, page + 1 < pages ? next : 0, 4);
    }
    return out;
}

const std::filesystem::path& folder_of_set() {
    static const cytofleet::fuzz::ScratchFolder folder;
    static const bool made = [] {
        folder.write("member_0.ome.tif", small_tiff(2));
        folder.write("member_1.ome.tif", small_tiff(1));
        folder.write("member_2.ome.tif", "no picture");
        mkfifo((folder.path() / "member_3.ome.tif").c_str(), 0600);
        std::filesystem::create_symlink("member_4.ome.tif", folder.path() / "member_4.ome.tif");
        std::filesystem::create_symlink("member_0.ome.tif", folder.path() / "member_5.ome.tif");
        std::filesystem::create_directory(folder.path() / "member_6.ome.tif");
        return true;
    }();
    if (!made) std::abort();
    return folder.path();
}

void read_some(cytofleet::Reader& reader) {
    const auto& scenes = reader.info().scenes;
    for (std::size_t i = 0; i < std::min<std::size_t>(scenes.size(), 4); ++i) {
        cytofleet::PlaneId plane;
        plane.scene = static_cast<std::int64_t>(i);
        for (plane.t = 0; plane.t < std::min<std::int64_t>(scenes[i].t, 8); ++plane.t)
            if (reader.present(plane)) reader.read(plane);
    }
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::filesystem::path file = folder_of_set() / "set.companion.ome";
    std::ofstream(file, std::ios::binary)
        << std::string_view(reinterpret_cast<const char*>(data), size);
    try {
        const auto reader = cytofleet::open_reader(file);
        read_some(*reader);
    } catch (const cytofleet::Error& error) {
        if (error.kind() != cytofleet::ErrorKind::input) std::abort();
    }
    return 0;
}
