// Any bytes as lines of a journal, as they are and with a checksum that fits: an event that stays
// the same when it is written and read again, or nothing.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/hash.hpp"
#include "base/text.hpp"
#include "schedule/journal_events.hpp"

namespace {

void check(std::string_view line) {
    const auto event = cytofleet::event_of(line);
    if (!event) return;
    // Names of hosts are made printable by the first writing.
    const auto once = cytofleet::event_of(cytofleet::line_of(*event));
    if (!once) std::abort();
    const auto twice = cytofleet::event_of(cytofleet::line_of(*once));
    if (!twice || *twice != *once || once->index() != event->index()) std::abort();
}

std::string sealed(std::string_view text) {
    return fmt::format("{},\"sum\":\"{:016x}\"}}", text,
                       cytofleet::checksum(std::as_bytes(std::span(text))));
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    for (const std::string& line : cytofleet::split(text, '\n')) {
        check(line);
        const std::string_view whole = line;
        check(sealed(whole.substr(0, whole.rfind(",\"sum\":"))));
    }
    return 0;
}
