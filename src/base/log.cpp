#include "base/log.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace cytofleet {

void write_message(std::FILE* stream, std::string_view text) noexcept {
    std::fwrite(text.data(), 1, text.size(), stream);
    std::fflush(stream);
    std::clearerr(stream);
}

void Log::write(LogLevel level, std::string_view prefix, std::string_view message) {
    if (level > level_) return;
    const std::lock_guard lock(mutex_);
    clear_progress();
    write_message(stream_, fmt::format("{}{}\n", prefix, printable(message)));
}

void Log::progress(std::string_view message) {
    if (LogLevel::info > level_) return;
    const std::lock_guard lock(mutex_);
    write_message(stream_, live_ ? fmt::format("\r\x1b[K{}", printable(message))
                                 : fmt::format("{}\n", printable(message)));
    drawn_ = live_;
}

void Log::clear_progress() {
    if (!drawn_) return;
    write_message(stream_, "\r\x1b[K");
    drawn_ = false;
}

}  // namespace cytofleet
