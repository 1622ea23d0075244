// How often the emulation started recorded work instead of asking for it again.
#pragma once

#include <cstdint>

namespace cytofleet::test {

std::int64_t replays();

}  // namespace cytofleet::test
