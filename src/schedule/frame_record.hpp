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

/// How a frame ended.
enum class FrameState : std::uint8_t {
    done,        ///< its plane is in a spool
    missing,     ///< the input does not hold it
    failed,      ///< could not be segmented; may be tried again
    quarantined  ///< given up: left empty, and named wherever the run is told of
};

/// Where the compressed plane of a finished frame lies, and what it holds.
struct FrameRecord {
    FrameId frame;
    FrameState state = FrameState::done;
    std::int32_t rank = 0;       ///< who did it, in the attempt that did it
    std::int32_t spool = 0;      ///< number of the spool, see RunRecord::spools
    std::uint64_t offset = 0;    ///< in that spool, bytes
    std::uint64_t length = 0;    ///< 0 unless done
    std::uint64_t checksum = 0;  ///< of the bytes in the spool
    std::uint32_t cells = 0;
    std::uint32_t largest = 0;
    FrameTimes times;
    std::vector<std::string> notes;  ///< warnings; first the reason unless done
    bool operator==(const FrameRecord&) const = default;
};

std::vector<std::byte> to_bytes(const std::vector<FrameRecord>& records);
/// Throws Error{input} when the bytes are not what to_bytes wrote.
std::vector<FrameRecord> records_from_bytes(std::span<const std::byte> bytes);

}  // namespace cytofleet
