// Any bytes as an image file: scenes and planes or one line, never a crash nor absurd memory.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.hpp"
#include "io/reader.hpp"

namespace {

// Larger planes only make the search slow.
constexpr std::int64_t most_pixels = 1 << 20;

void read_ends(cytofleet::Reader& reader) {
    const auto& scenes = reader.info().scenes;
    for (std::size_t i = 0; i < scenes.size() && i < 4; ++i) {
        const cytofleet::SceneInfo& scene = scenes[i];
        if (scene.y > most_pixels / scene.x || scene.samples > 16) continue;
        cytofleet::PlaneId plane;
        plane.scene = static_cast<std::int64_t>(i);
        reader.read(plane);
        plane.t = scene.t - 1;
        plane.c = scene.c - 1;
        plane.z = scene.z - 1;
        plane.sample = scene.samples - 1;
        if (reader.present(plane)) reader.read(plane);
    }
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const int file = memfd_create("input", 0);
    if (file < 0 || ftruncate(file, static_cast<off_t>(size)) != 0 ||
        pwrite(file, data, size, 0) != static_cast<ssize_t>(size)) {
        std::abort();
    }
    try {
        const auto reader = cytofleet::open_reader("/proc/self/fd/" + std::to_string(file));
        if (reader->info().scenes.empty()) std::abort();
        read_ends(*reader);
    } catch (const cytofleet::Error& error) {
        if (error.kind() != cytofleet::ErrorKind::input ||
            std::string_view(error.what()).find('\n') != std::string_view::npos) {
            std::abort();
        }
    }
    return 0;
}
