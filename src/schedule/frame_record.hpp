// What is known of a finished frame, and its form in a message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "image/file_info.hpp"
#include "image/frame_times.hpp"

namespace cytofleet {

/// Where the compressed plane of a finished frame lies, and what it holds.
struct FrameRecord {
    FrameId frame;
    std::int32_t rank = 0;       ///< whose spool
    std::uint64_t offset = 0;    ///< in that spool, bytes
    std::uint64_t length = 0;    ///< 0: the frame failed, see `notes`
    std::uint64_t checksum = 0;  ///< of the bytes in the spool
    std::uint32_t cells = 0;
    std::uint32_t largest = 0;
    FrameTimes times;
    std::vector<std::string> notes;  ///< warnings, or the reason of the failure
    bool operator==(const FrameRecord&) const = default;
};

std::vector<std::byte> to_bytes(const std::vector<FrameRecord>& records);
/// Throws Error{input} when the bytes are not what to_bytes wrote.
std::vector<FrameRecord> records_from_bytes(std::span<const std::byte> bytes);

}  // namespace cytofleet
