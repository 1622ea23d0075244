// What a call takes of the host's memory on the CPU, buffer by buffer.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/resize/resize.hpp"
#include "models/cellpose/scale.hpp"
#include "models/cellpose/settings.hpp"

namespace cytofleet {

/// Bytes of a call with `frames` such frames at its most, beyond what the model holds; frames that
/// are done are handed over one by one and no longer part of it. `widths`: CpNet::widths(). Counts
/// every pixel as foreground, so it is up to a third more than frames with few cells take; it does
/// not count the box of a label that spans most of a frame without filling it.
std::uint64_t cpu_bytes_of_call(Extent frame, std::int64_t frames,
                                std::span<const std::int64_t> widths, const Scale& scale,
                                const CellposeSettings& settings);

/// Of that, what one thread keeps for the network on tiles of this size.
std::int64_t network_bytes(std::span<const std::int64_t> widths, Extent tile);

}  // namespace cytofleet
