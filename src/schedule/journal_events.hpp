// What a journal tells, and how an event becomes a line that shows when it was damaged.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "image/frame_times.hpp"

namespace cytofleet {

/// One scene of one input, the same from attempt to attempt: numbers of files are not. `input` is a
/// hash of what identifies the file (path, size, time of change).
struct SceneName {
    std::string input;
    std::int64_t scene = 0;
    auto operator<=>(const SceneName&) const = default;
};

/// Who started; the first line of every journal.
struct AttemptEvent {
    std::string attempt;
    std::int32_t rank = 0;
    std::int32_t ranks = 1;
    std::string shard;  ///< "2/8"; empty but in array mode
    std::string host;
    std::int64_t process = 0;
    std::int64_t clock = 0;  ///< seconds since 1970; for people, nothing is decided by it
    bool operator==(const AttemptEvent&) const = default;
};
/// A scene this attempt is to segment (rank 0 writes these).
struct JobEvent {
    SceneName scene;
    std::string path;  ///< of the input
    std::string stem;  ///< of the outputs, as BookNames has it
    std::int64_t frames = 0;
    std::int64_t pixels = 0;  ///< of a frame
    bool operator==(const JobEvent&) const = default;
};
/// These frames go into the model now.
struct BeginEvent {
    SceneName scene;
    std::vector<std::int64_t> frames;
    bool operator==(const BeginEvent&) const = default;
};
/// A frame is done and its plane is in this rank's spool; length 0: the input does not hold it.
struct FrameEvent {
    SceneName scene;
    std::int64_t t = 0;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
    std::uint64_t checksum = 0;
    std::uint32_t cells = 0;
    std::uint32_t largest = 0;
    FrameTimes times;
    std::vector<std::string> notes;
    bool operator==(const FrameEvent&) const = default;
};
/// A frame could not be segmented; `final`: it is quarantined.
struct FailedEvent {
    SceneName scene;
    std::int64_t t = 0;
    std::string reason;
    bool final = false;
    bool operator==(const FailedEvent&) const = default;
};
/// Failures and deaths of these attempts count no more (--retry-quarantined).
struct ForgiveEvent {
    std::vector<std::string> attempts;
    bool operator==(const ForgiveEvent&) const = default;
};
/// An output file is complete; the next thing is to give it its final name.
struct OutputEvent {
    SceneName scene;
    std::string path;  ///< as BookNames has it
    std::uint64_t bytes = 0;
    std::string sha256;
    std::int64_t changed = 0;  ///< time of its last change, std::filesystem's clock
    std::int64_t frames = 0;
    std::uint64_t cells = 0;
    std::vector<std::int64_t> empty;  ///< quarantined or missing frames
    std::int64_t quarantined = 0;     ///< how many of them could not be segmented
    bool operator==(const OutputEvent&) const = default;
};
/// The rank ended by itself; without this line it died.
struct EndEvent {
    std::int32_t code = 0;
    bool operator==(const EndEvent&) const = default;
};

using JournalEvent = std::variant<AttemptEvent, JobEvent, BeginEvent, FrameEvent, FailedEvent,
                                  ForgiveEvent, OutputEvent, EndEvent>;

/// One line of JSON without its newline; its last member is a checksum of the text before it.
std::string line_of(const JournalEvent& event);
/// Nothing when the line is torn, damaged, or of a kind this version does not know.
std::optional<JournalEvent> event_of(std::string_view line);

}  // namespace cytofleet
