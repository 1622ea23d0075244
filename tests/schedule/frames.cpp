#include "schedule/frames.hpp"

namespace cytofleet::test {

FrameRecord record(std::int64_t file, std::int64_t scene, std::int64_t t, std::uint32_t cells) {
    FrameRecord out;
    out.frame = {file, scene, t};
    out.cells = cells;
    return out;
}

FrameRecord failure(const FrameId& frame) {
    FrameRecord out;
    out.frame = frame;
    out.state = FrameState::failed;
    out.notes = {"no luck"};
    return out;
}

std::vector<FrameRecord> records_of(const Unit& unit) {
    std::vector<FrameRecord> out;
    for (std::int64_t t = unit.first; t < unit.first + unit.count; ++t)
        out.push_back(record(unit.file, unit.scene, t));
    return out;
}

}  // namespace cytofleet::test
