// Reads the header and single directories (IFDs) of a TIFF file, bounded by the file's length.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/byte_reader.hpp"
#include "base/error.hpp"
#include "io/tiff/input_file.hpp"

namespace cytofleet {

/// Numbers of the tags this program looks at itself; libtiff looks at the others.
enum class TiffTag : std::uint16_t {
    new_subfile_type = 254,
    subfile_type = 255,
    image_width = 256,
    image_length = 257,
    bits_per_sample = 258,
    compression = 259,
    photometric = 262,
    fill_order = 266,
    image_description = 270,
    strip_offsets = 273,
    samples_per_pixel = 277,
    rows_per_strip = 278,
    strip_byte_counts = 279,
    x_resolution = 282,
    y_resolution = 283,
    planar_configuration = 284,
    predictor = 317,
    tile_width = 322,
    tile_offsets = 324,
    tile_byte_counts = 325,
    sample_format = 339,
    metamorph_uic1 = 33628,
    metamorph_uic2 = 33629,
    lsm_info = 34412,
    imagej_counts = 50838,
    imagej_metadata = 50839,
    micro_manager = 51123,
};

struct TiffHeader {
    ByteOrder order = ByteOrder::little;
    bool big = false;  ///< BigTIFF: 8-byte offsets
    std::uint64_t first = 0;
};

/// Absent when the file does not begin as a TIFF does.
std::optional<TiffHeader> read_tiff_header(const InputFile& file);

/// Thrown for a position inside the file where no directory can be.
class NoDirectory : public Error {
  public:
    using Error::Error;
};

/// The entries of one directory; values are fetched when asked for.
class TiffDirectory {
  public:
    /// Throws Error{input} when the file ends in the directory, NoDirectory when it cannot be one.
    TiffDirectory(const InputFile& file, const TiffHeader& header, std::uint64_t offset);

    std::uint64_t offset() const { return offset_; }
    /// Position of the next directory; 0 after the last.
    std::uint64_t next() const { return next_; }
    /// The file ends before that position is complete: next() means nothing.
    bool link_is_cut() const { return link_is_cut_; }
    /// True when the tag is there and its value reaches behind the file's end.
    bool is_cut(const InputFile& file, TiffTag tag) const;
    /// How many values the tag has; 0 when it is absent.
    std::uint64_t count(TiffTag tag) const;
    /// First value of an integer tag, or `fallback` when it is absent or not an integer.
    std::uint64_t number(const InputFile& file, TiffTag tag, std::uint64_t fallback) const;
    /// All values of an integer tag; empty when absent. Throws Error{input} when they lie outside.
    std::vector<std::uint64_t> numbers(const InputFile& file, TiffTag tag) const;
    /// Value of a RATIONAL tag; absent when missing or divided by zero.
    std::optional<double> rational(const InputFile& file, TiffTag tag) const;
    /// Bytes of the `nth` tag of that number up to the first NUL; empty when absent or outside.
    std::string text(const InputFile& file, TiffTag tag, int nth = 0) const;
    /// All bytes of a tag; empty when absent or outside.
    std::vector<std::byte> bytes(const InputFile& file, TiffTag tag, int nth = 0) const;
    /// `size` bytes from where the tag's value lies, for tags whose counts are of something else;
    /// empty when absent or outside.
    std::vector<std::byte> bytes_at(const InputFile& file, TiffTag tag, std::size_t size) const;

  private:
    struct Entry {
        std::uint16_t tag;
        std::uint16_t type;
        std::uint64_t count;
        std::uint64_t position;  ///< of the value in the file
    };
    const Entry* find(TiffTag tag, int nth = 0) const;

    TiffHeader header_;
    std::uint64_t offset_;
    std::uint64_t next_ = 0;
    bool link_is_cut_ = false;
    std::vector<Entry> entries_;
};

}  // namespace cytofleet
