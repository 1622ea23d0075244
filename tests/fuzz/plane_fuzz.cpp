// Any bytes as a compressed plane from a spool: labels that are the same when they are packed
// again, or one line; memory follows what the bytes can hold.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "base/error.hpp"
#include "io/mask_writer.hpp"

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        const cytofleet::EncodedPlane plane =
            cytofleet::plane_from_bytes(std::as_bytes(std::span(data, size)));
        if (cytofleet::to_bytes(plane).size() != size) std::abort();
        const cytofleet::LabelImage labels = cytofleet::decode_plane(plane);
        if (labels.height != plane.height || labels.width != plane.width ||
            static_cast<std::int64_t>(labels.labels.size()) != plane.height * plane.width ||
            labels.cells > labels.labels.size())
            std::abort();
        const auto again = cytofleet::decode_plane(cytofleet::encode_plane(labels, plane.wide));
        if (again.labels != labels.labels || again.cells != labels.cells) std::abort();
    } catch (const cytofleet::Error& error) {
        if (error.kind() != cytofleet::ErrorKind::input) std::abort();
    }
    return 0;
}
