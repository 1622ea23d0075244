// cuDNN's text of compiled kernels, mended where cuDNN does not find what it wrote itself.
#pragma once

#include <string>

namespace cytofleet::cuda {

/// The text with spare knobs in each entry's key. cuDNN 9.19 counts a key's knobs when it reads
/// them, where it counts types and values, twice as many, when it looks the key up; so it finds
/// nothing it has read. With as many knobs again, which it does not look at, the counts agree. Ask
/// cuDNN which of the two texts it finds (CUDNN_ATTR_KERNEL_CACHE_IS_ENGINECFG_KERNEL_CACHED).
std::string with_spare_knobs(const std::string& json);

}  // namespace cytofleet::cuda
