// Journal events for tests: one of every kind, with what texts and numbers can be at worst.
#pragma once

#include <vector>

#include "schedule/journal_events.hpp"

namespace cytofleet::test {

/// Valid UTF-8 that has to be escaped somewhere.
inline const char* const hostile_text =
    "quote \" slash \\ line\nreturn\rtab\t {}[]:, bell\x07 µ細🔬 ,\"sum\":\"0123456789abcdef\"}";

AttemptEvent attempt(const std::string& name, int rank = 0);
FrameEvent frame(const SceneName& scene, std::int64_t t, std::uint64_t offset,
                 std::uint64_t length);
/// Every kind, plain, at its limits and empty.
std::vector<JournalEvent> all_kinds();

}  // namespace cytofleet::test
