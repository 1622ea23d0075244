#include "base/log.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace cytofleet {

void Log::write(LogLevel level, std::string_view prefix, std::string_view message) {
    if (level > level_) return;
    const std::lock_guard lock(mutex_);
    clear_progress();
    fmt::print(stream_, "{}{}\n", prefix, printable(message));
    std::fflush(stream_);
}

void Log::progress(std::string_view message) {
    if (LogLevel::info > level_) return;
    const std::lock_guard lock(mutex_);
    if (live_) {
        fmt::print(stream_, "\r\x1b[K{}", printable(message));
        drawn_ = true;
    } else {
        fmt::print(stream_, "{}\n", printable(message));
    }
    std::fflush(stream_);
}

void Log::clear_progress() {
    if (!drawn_) return;
    fmt::print(stream_, "\r\x1b[K");
    drawn_ = false;
}

}  // namespace cytofleet
