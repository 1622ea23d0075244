// Everything a run is told, resolved from the command line; the same on every rank.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "io/reader.hpp"
#include "models/cellpose/settings.hpp"
#include "schedule/plan.hpp"

namespace cytofleet {

/// What to do with outputs that are there already.
enum class Existing { refuse, overwrite, skip };

/// Where the network and the masks are computed.
enum class DeviceChoice {
    automatic,  ///< a GPU where the build and every rank have one, else the CPU
    cpu,
    gpu
};

struct RunOptions {
    std::vector<std::filesystem::path> inputs;  ///< files and folders as given
    std::string model;
    std::filesystem::path model_dir;
    CellposeSettings cellpose;  ///< its `gpu` is this rank's, and empty until it is chosen
    DeviceChoice device = DeviceChoice::automatic;
    PrecisionChoice precision = PrecisionChoice::automatic;  ///< on a GPU
    std::int64_t channel = 0;  ///< 0-based; of an RGB image the sample
    ReaderOptions reader;
    std::filesystem::path output_dir;  ///< empty: beside each input
    std::string suffix;
    std::vector<std::string> include;  ///< a folder's file must hold one of these; empty: all
    std::vector<std::string> exclude;  ///< and none of these
    std::vector<std::string> extensions{".tif", ".tiff", ".ome.tif", ".ome.tiff"};
    bool recursive = false;
    Existing existing = Existing::refuse;
    Partition partition = Partition::automatic;
};

}  // namespace cytofleet
