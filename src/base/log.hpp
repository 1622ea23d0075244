// Messages to the person at the terminal: levels, and one progress line that replaces itself.
#pragma once

#include <atomic>
#include <cstdio>
#include <mutex>
#include <string>
#include <string_view>

namespace cytofleet {

enum class LogLevel { error, warning, info, debug };

/// A message that cannot be written changes nothing: no error leaves this, nor stays in `stream`.
void write_message(std::FILE* stream, std::string_view text) noexcept;

/// Writes to a stream the program's front end chose, each message as one line that is printable():
/// whoever calls need not ask where its text comes from. Safe for several threads.
class Log {
  public:
    /// `live`: the stream is a terminal, so that progress may redraw one line.
    Log(std::FILE* stream, LogLevel level, bool live)
        : stream_(stream), level_(level), live_(live) {}

    void error(std::string_view message) { write(LogLevel::error, "error: ", message); }
    void warning(std::string_view message) { write(LogLevel::warning, "warning: ", message); }
    void info(std::string_view message) { write(LogLevel::info, "", message); }
    void debug(std::string_view message) { write(LogLevel::debug, "debug: ", message); }
    /// At level info and above: redraws the line on a terminal, else writes a plain line.
    void progress(std::string_view message);
    bool live() const { return live_; }
    void set_level(LogLevel level) { level_ = level; }

  private:
    void write(LogLevel level, std::string_view prefix, std::string_view message);
    void clear_progress();

    std::mutex mutex_;
    std::FILE* stream_;
    std::atomic<LogLevel> level_;
    bool live_;
    bool drawn_ = false;
};

}  // namespace cytofleet
