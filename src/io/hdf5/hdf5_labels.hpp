// Label files in HDF5: one scene, or a collection of many, written by all ranks together.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "image/file_info.hpp"
#include "io/atomic_file.hpp"

namespace cytofleet {

/// What became of a frame; the numbers are the file's.
enum class PlaneState : std::uint8_t { done = 0, missing = 1, quarantined = 2 };

struct Hdf5Plane {
    PlaneState state = PlaneState::done;
    std::string reason;  ///< why it has no labels, at most 255 bytes are kept
};

/// What the file says about one scene besides its pixels.
struct Hdf5Scene {
    std::string group;  ///< empty: the file holds this scene alone; else of unique_group_names()
    SceneInfo input;    ///< of the input: frames, pixel size, time increment
    bool wide = false;  ///< uint32 pixels instead of uint16
    /// Names (not "format", not "contents_sha256") and texts, each name once. Same for any run
    /// that gives these labels: no host, ranks or clock.
    std::vector<std::pair<std::string, std::string>> provenance;
    std::vector<Hdf5Plane> planes;  ///< input.t of them
};

/// Scene by its place in the span, frame from 0.
struct Hdf5Frame {
    std::size_t scene = 0;
    std::int64_t t = 0;
    auto operator<=>(const Hdf5Frame&) const = default;
};

/// The planes that this rank gives. Every frame that is done is given by exactly one rank, the
/// others by none.
struct Hdf5Planes {
    std::vector<Hdf5Frame> frames;
    std::function<LabelImage(const Hdf5Frame&)> read;  ///< called in order of frames, one at a time
};

struct Hdf5Written {
    std::uint64_t bytes = 0;
    std::string sha256;        ///< of the file
    std::int64_t changed = 0;  ///< time of its last change, std::filesystem's clock
    /// SHA-256 of what the file says and of all planes' checksums, 64 hex digits; also in the file.
    /// The same for any number of ranks, which the bytes of the file are not.
    std::string contents;
};

/// Whether this build can write and read them.
bool has_hdf5();
/// "1.10.8, parallel", "1.10.8" or "not built in".
std::string hdf5_library();

/// Valid, different names for groups, one for each text, in order: `a`, `a_2`.
std::vector<std::string> unique_group_names(std::span<const std::string> texts);

/// Writes under a temporary name beside the final one; commit() renames. Destroyed before that, it
/// removes the temporary file. Every call, constructor and destructor too, is made by all ranks
/// together, with the same arguments but for the planes. What fails on one rank is thrown on all:
/// Error{output} naming the file and what to do, the reader's own error, Error{environment} in
/// builds without HDF5.
class Hdf5Writer {
  public:
    /// `comm` is the address of an MPI_Comm that lives as long as this; null: one process alone.
    Hdf5Writer(std::filesystem::path path, const void* comm);
    ~Hdf5Writer();
    Hdf5Writer(const Hdf5Writer&) = delete;
    Hdf5Writer& operator=(const Hdf5Writer&) = delete;
    /// Once. Reads everything back, each rank its own planes; the bytes are on the disk.
    Hdf5Written write(std::span<const Hdf5Scene> scenes, const Hdf5Planes& planes);
    /// `before`: done by the first rank just before the rename; what it throws is thrown on all.
    /// What is there is replaced, or only if `may_replace` says so.
    void commit(const std::function<void()>& before = {}, const MayReplace& may_replace = {});

  private:
    struct State;
    std::unique_ptr<State> state_;
};

/// All of it: write and commit.
Hdf5Written write_hdf5(const std::filesystem::path& path, const void* comm,
                       std::span<const Hdf5Scene> scenes, const Hdf5Planes& planes);

/// What a label file holds.
struct Hdf5Check {
    std::int64_t frames = 0;            ///< of all scenes
    std::uint64_t cells = 0;            ///< as it says; where planes have others, a problem tells
    std::vector<std::string> problems;  ///< a line each, naming file and frame
};

/// Reads every plane again and compares with what was recorded: checksums, cells, states. Throws
/// Error{input} when it is no such file or cannot be read at all. Damage can crash HDF5 itself;
/// whoever must survive that calls this in a child process.
Hdf5Check verify_hdf5(const std::filesystem::path& path);

}  // namespace cytofleet
