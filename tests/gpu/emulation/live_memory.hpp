// What the emulation knows of device memory.
#pragma once

#include <cstddef>

namespace cytofleet::emulation {

/// In memory that is allocated and not released yet.
bool is_live(const void* place);
/// Throws std::logic_error where [from, from + bytes) is not in one piece of device memory, or
/// holds what nobody has written since it was allocated, which compute-sanitizer would report. A
/// word of four bytes counts as not written if it is what allocate() left there: one in four
/// thousand million words that were written is taken for one that was not.
void check_written(const void* from, std::size_t bytes);

}  // namespace cytofleet::emulation
