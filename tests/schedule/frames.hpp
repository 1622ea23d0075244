// Records of frames that were done by nobody.
#pragma once

#include <cstdint>
#include <vector>

#include "schedule/frame_record.hpp"
#include "schedule/plan.hpp"

namespace cytofleet::test {

FrameRecord record(std::int64_t file, std::int64_t scene, std::int64_t t, std::uint32_t cells = 0);
/// One that could not be segmented.
FrameRecord failure(const FrameId& frame);
std::vector<FrameRecord> records_of(const Unit& unit);

}  // namespace cytofleet::test
