// Writes the label file of one scene as OME-TIFF from planes compressed elsewhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "image/file_info.hpp"
#include "io/atomic_file.hpp"

namespace cytofleet {

/// A plane of labels as the file will hold it: deflated strips, so that whoever computed a plane
/// also compressed it and the file is assembled by copying.
struct EncodedPlane {
    std::int64_t height = 0;
    std::int64_t width = 0;
    bool wide = false;  ///< uint32 instead of uint16
    std::vector<std::vector<std::byte>> strips;
    std::int64_t rows_per_strip() const;  ///< of all strips but the last
};

/// Whether the strips are as many as the rows need, and large enough for what they are said to
/// hold: to be asked before memory is taken for it.
bool can_hold(const EncodedPlane& plane);
/// Deflates; uint16, or uint32 when `wide` or when a label needs it.
EncodedPlane encode_plane(const LabelImage& labels, bool wide = false);
/// Inverse of encode_plane. Throws Error{input} when the strips are damaged.
LabelImage decode_plane(const EncodedPlane& plane);
/// One run of bytes for the spool, and back. Throws Error{input} when damaged.
std::vector<std::byte> to_bytes(const EncodedPlane& plane);
EncodedPlane plane_from_bytes(std::span<const std::byte> bytes);

/// What the file says besides its pixels.
struct MaskFile {
    std::filesystem::path path;  ///< final name
    SceneInfo input;             ///< scene of the input: frames, pixel size, time increment, date
    bool wide = false;           ///< uint32 pixels
    std::vector<std::string> annotations;  ///< namespace "VLabApp", in this order
    std::vector<std::int64_t>
        empty_frames;  ///< planes left empty because the frame failed or is missing
};

/// A mask that is complete under its temporary name.
struct SealedMask {
    std::string sha256;
    std::uint64_t bytes = 0;
    std::int64_t changed = 0;  ///< time of its last change, std::filesystem's clock
};

/// Writes T planes in order under a temporary name beside the final one; seal() reads the file
/// back and fsyncs, commit() renames. Destroyed before that, it removes the temporary file. Errors
/// are Error{output} naming the file and what to do.
class MaskWriter {
  public:
    explicit MaskWriter(MaskFile file);
    ~MaskWriter();
    MaskWriter(const MaskWriter&) = delete;
    MaskWriter& operator=(const MaskWriter&) = delete;
    void add(const EncodedPlane& plane);
    SealedMask seal();
    /// What is there is replaced, or only if `may_replace` says so.
    void commit(const MayReplace& may_replace = {});
    /// Both; returns the SHA-256.
    std::string finish();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace cytofleet
