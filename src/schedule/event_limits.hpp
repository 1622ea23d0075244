// What a journal may say: numbers that a run of this program can have written.
#pragma once

#include "schedule/journal_events.hpp"

namespace cytofleet {

/// False for numbers that no run writes, such as a frame below 0: such a line is damaged, or
/// somebody's invention. Sums over lines that are in the limits do not overflow.
bool in_limits(const JournalEvent& event);

}  // namespace cytofleet
