// The OME-XML of a mask file.
#pragma once

#include <string>

#include "io/mask_writer.hpp"

namespace cytofleet {

/// OME 2016-06 for T planes of labels: one Image with axes X Y T, one channel "Segmentation mask",
/// pixel sizes in micrometres, the annotations in order, numbered from 0. UTF-8; what XML cannot
/// hold is shown as \xNN.
std::string ome_xml(const MaskFile& file);

}  // namespace cytofleet
