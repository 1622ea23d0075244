// Where the time of a frame went.
#pragma once

namespace cytofleet {

/// Wall seconds of one frame by stage; of what frames went through together, each has its share.
struct FrameTimes {
    double read = 0;
    double prepare = 0;  ///< normalise, resize, cut
    double network = 0;
    double masks = 0;  ///< blend, resize back, dynamics, QC, filling
    double total() const { return read + prepare + network + masks; }
    bool operator==(const FrameTimes&) const = default;
};

}  // namespace cytofleet
