// Everything a run is told, resolved from the command line; the same on every rank.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/log.hpp"
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

/// Which files the masks go to.
enum class OutputFormat { tiff, hdf5, both };

/// One of several processes that share a run without talking (job arrays).
struct Shard {
    int index = 0;  ///< 0-based
    int count = 1;
    bool alone() const { return count == 1; }
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
    OutputFormat format = OutputFormat::tiff;
    std::filesystem::path collect;  ///< HDF5 file for the masks of all inputs; empty: none
    std::string suffix;
    bool overlay = false;              ///< also a picture of each result
    std::vector<std::string> include;  ///< a folder's file must hold one of these; empty: all
    std::vector<std::string> exclude;  ///< and none of these
    std::vector<std::string> extensions{".tif", ".tiff", ".ome.tif", ".ome.tiff"};
    bool recursive = false;
    Existing existing = Existing::refuse;
    Partition partition = Partition::automatic;
    bool resume = true;              ///< take what earlier attempts at the same run have done
    bool retry_quarantined = false;  ///< forget failures and deaths of earlier attempts
    bool fail_fast = false;          ///< stop at the first frame that is given up
    int max_attempts = 3;            ///< deaths with a frame in the model until it is given up
    double max_seconds = 0;          ///< stop by then, to be started again; 0: no limit
    Shard shard;
    bool share_books = false;          ///< take books of other users, counting again what they hold
    bool keep_missing = false;         ///< also very many frames that are announced but not there
    bool verify_inputs = false;        ///< inputs are known by their contents, not by their times
    std::vector<std::string> command;  ///< as typed, for the run's books
    /// Set by a signal that asks the run to stop in order; 0 until then.
    const std::atomic<int>* stop_signal = nullptr;
    LogLevel log_level = LogLevel::info;  ///< of the rank that leads; the others tell errors only
    double silence = 10;  ///< seconds after which a rank that is not heard of is left behind
};

}  // namespace cytofleet
