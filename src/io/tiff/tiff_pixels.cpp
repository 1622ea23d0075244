#include "io/tiff/tiff_pixels.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <optional>

#include "base/error.hpp"
#include "base/text.hpp"
#include "io/tiff/jbig.hpp"
#include "io/tiff/tiff_bounds.hpp"
#include "io/tiff/tiff_handle.hpp"

namespace cytofleet {
namespace {

// 65536 x 65536 pixels of 4 bytes: more is refused, whatever the file says.
constexpr std::uint64_t largest_page = std::uint64_t{16} << 30U;

template <typename T>
T field(TIFF* tiff, std::uint32_t tag, T fallback) {
    T value = fallback;
    return TIFFGetFieldDefaulted(tiff, tag, &value) == 1 ? value : fallback;
}

// Bytes that the strips or tiles claim, no more than the file has.
std::uint64_t stored_bytes(TIFF* tiff, std::uint64_t file_size) {
    const std::uint32_t count =
        TIFFIsTiled(tiff) != 0 ? TIFFNumberOfTiles(tiff) : TIFFNumberOfStrips(tiff);
    std::uint64_t sum = 0;
    for (std::uint32_t i = 0; i < count && sum < file_size; ++i) {
        sum += std::min(TIFFGetStrileByteCount(tiff, i), file_size);
    }
    return std::min(sum, file_size);
}

// Throws where the decoder would not stop at the `size` bytes that a strip or tile has.
void check_announced(const TiffHandle& handle, std::uint32_t number, std::uint64_t size,
                     const std::string& what) {
    TIFF* const tiff = handle.get();
    if (field<std::uint16_t>(tiff, TIFFTAG_COMPRESSION, 1) != COMPRESSION_JBIG) return;
    std::array<std::byte, jbig_header_size> header{};
    const std::size_t stored =
        std::min<std::uint64_t>(TIFFGetStrileByteCount(tiff, number), header.size());
    const std::size_t got =
        handle.file().read_some(TIFFGetStrileOffset(tiff, number), std::span(header).first(stored));
    // libtiff keeps the bits of JBIG the other way round than the tag says.
    const bool reversed =
        field<std::uint16_t>(tiff, TIFFTAG_FILLORDER, FILLORDER_MSB2LSB) == FILLORDER_MSB2LSB;
    if (jbig_picture_bytes(std::span(header).first(got), reversed) > size) {
        refuse(handle.file().path(), what +
                                         " announces other pixels in its JBIG data than in its "
                                         "tags; the file is damaged: copy or export it again");
    }
}

// Where the rows of a strip or tile go: `count` values each.
struct Target {
    const PageFormat& format;
    std::byte* out;
    std::int64_t columns;     // values in a row of the image
    std::size_t value_bytes;  // of one value in `out`
    bool swapped;             // libtiff changes the byte order

    void row(std::span<const std::byte> packed, std::int64_t y, std::int64_t first,
             std::int64_t count) const {
        std::byte* const to = out + (y * columns + first) * static_cast<std::int64_t>(value_bytes);
        if (format.unpacked()) {
            std::memcpy(to, packed.data(), static_cast<std::size_t>(count) * value_bytes);
        } else {
            unpack_row(format, packed, count, swapped, to);
        }
    }
};

}  // namespace

struct TiffPixels::State {
    State(const std::filesystem::path& path, const Route& route) : handle(path, route) {}

    void decode_strips(const Target& target, std::uint16_t plane, std::int64_t per_pixel,
                       const std::string& what);
    void decode_tiles(const Target& target, std::uint16_t plane, std::int64_t per_pixel,
                      const std::string& what);
    void decode(const PageFormat& format, std::uint16_t plane, const std::string& what,
                std::byte* out);
    const std::vector<std::byte>& interleaved(std::uint64_t ifd, const PageFormat& format,
                                              const std::string& what);

    TiffHandle handle;
    std::vector<std::byte> scratch;
    // The last page with its samples side by side: its other samples are likely wanted next.
    std::uint64_t kept_ifd = 0;
    std::vector<std::byte> kept;
};

TiffPixels::TiffPixels(const std::filesystem::path& path, const Route& route)
    : state_(std::make_unique<State>(path, route)) {}

TiffPixels::~TiffPixels() = default;

PageFormat TiffPixels::format(std::uint64_t ifd, const std::string& what) {
    TiffHandle& handle = state_->handle;
    handle.go_to(ifd, what);
    TIFF* const tiff = handle.get();
    const std::filesystem::path& path = handle.file().path();
    const auto compression = field<std::uint16_t>(tiff, TIFFTAG_COMPRESSION, 1);
    if (TIFFIsCODECConfigured(compression) == 0) {
        refuse(path, what + " is packed with " + compression_name(compression) +
                         ", which this build of libtiff does not know; save it uncompressed");
    }
    PageFormat format;
    format.width = field<std::uint32_t>(tiff, TIFFTAG_IMAGEWIDTH, 0);
    format.height = field<std::uint32_t>(tiff, TIFFTAG_IMAGELENGTH, 0);
    format.samples = field<std::uint16_t>(tiff, TIFFTAG_SAMPLESPERPIXEL, 1);
    format.planar = format.samples > 1 &&
                    field<std::uint16_t>(tiff, TIFFTAG_PLANARCONFIG, 1) == PLANARCONFIG_SEPARATE;
    format.bits = field<std::uint16_t>(tiff, TIFFTAG_BITSPERSAMPLE, 1);
    format.sample_format = field<std::uint16_t>(tiff, TIFFTAG_SAMPLEFORMAT, 1);
    if (format.width < 1 || format.height < 1 || format.samples < 1) {
        refuse(path, what + " is empty (" + std::to_string(format.width) + " x " +
                         std::to_string(format.height) + " pixels)");
    }
    const auto type = pixel_type(format.bits, format.sample_format);
    if (!type) {
        refuse(path, what + " has pixels of " + std::to_string(format.bits) +
                         " bits in sample format " + std::to_string(format.sample_format) +
                         ", which is not read; convert it to 8, 16 or 32 bits");
    }
    format.type = *type;
    if (field<std::uint32_t>(tiff, TIFFTAG_IMAGEDEPTH, 1) != 1 ||
        (TIFFIsTiled(tiff) != 0 && field<std::uint32_t>(tiff, TIFFTAG_TILEDEPTH, 1) != 1)) {
        refuse(path, what + " is a volume in one page, which is not read; save one slice a page");
    }
    const auto photometric =
        field<std::uint16_t>(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
    std::uint16_t across = 1;
    std::uint16_t down = 1;
    if (photometric == PHOTOMETRIC_YCBCR) {
        TIFFGetFieldDefaulted(tiff, TIFFTAG_YCBCRSUBSAMPLING, &across, &down);
    }
    if (compression == COMPRESSION_OJPEG ||
        (photometric == PHOTOMETRIC_YCBCR && (across != 1 || down != 1) &&
         (compression != COMPRESSION_JPEG || format.planar))) {
        refuse(path, what + " holds a photograph with subsampled colour (" +
                         compression_name(compression) + "), which is not read; convert it to RGB");
    }
    // Sizes that the stored bytes cannot fill are lies; checked before anything is allocated.
    const auto columns = static_cast<std::uint64_t>(format.width);
    const auto rows = static_cast<std::uint64_t>(format.height);
    const auto samples = static_cast<std::uint64_t>(format.samples);
    const std::uint64_t row_bytes = format.planar ? format.packed_row(columns, 1) * samples
                                                  : format.packed_row(columns, samples);
    const std::uint64_t stored = stored_bytes(tiff, handle.file().size());
    const std::uint64_t possible = largest_decoded(compression, stored);
    const std::uint64_t value_bytes = columns * samples * size_of(format.type);
    const std::uint64_t tile_bytes = TIFFIsTiled(tiff) != 0 ? TIFFTileSize64(tiff) : 0;
    if (value_bytes > largest_page / rows || row_bytes > possible / rows || tile_bytes > possible) {
        refuse(path, what + " claims " + std::to_string(format.width) + " x " +
                         std::to_string(format.height) + " pixels of " +
                         std::to_string(format.samples) + " samples, but its data are " +
                         human_bytes(stored) + " (" + compression_name(compression) +
                         "); the file is damaged: copy or export it again");
    }
    // Whether 12 bits are decoded depends on how libtiff was built; it says so only at the first
    // row.
    if (compression == COMPRESSION_JPEG && format.bits != 8) {
        std::vector<std::byte> row(static_cast<std::size_t>(row_bytes));
        const auto size = static_cast<tmsize_t>(row.size());
        if ((TIFFIsTiled(tiff) != 0 ? TIFFReadEncodedTile(tiff, 0, row.data(), size)
                                    : TIFFReadEncodedStrip(tiff, 0, row.data(), size)) < 0 &&
            handle.lacks_decoder())
            handle.fail(what);
        handle.clear();
    }
    return format;
}

void TiffPixels::State::decode_strips(const Target& target, std::uint16_t plane,
                                      std::int64_t per_pixel, const std::string& what) {
    TIFF* const tiff = handle.get();
    const PageFormat& format = target.format;
    const std::int64_t rows_per_strip = std::min<std::int64_t>(
        field<std::uint32_t>(tiff, TIFFTAG_ROWSPERSTRIP, std::numeric_limits<std::uint32_t>::max()),
        format.height);
    if (rows_per_strip < 1) handle.fail(what);
    const std::uint64_t row_bytes = format.packed_row(static_cast<std::uint64_t>(format.width),
                                                      static_cast<std::uint64_t>(per_pixel));
    if (row_bytes != TIFFScanlineSize64(tiff)) handle.fail(what);
    for (std::int64_t y = 0; y < format.height; y += rows_per_strip) {
        const std::int64_t rows = std::min(rows_per_strip, format.height - y);
        const std::uint64_t size = row_bytes * static_cast<std::uint64_t>(rows);
        std::byte* to = target.out + static_cast<std::uint64_t>(y) * row_bytes;
        if (!format.unpacked()) {
            scratch.resize(size);
            to = scratch.data();
        }
        const std::uint32_t strip = TIFFComputeStrip(tiff, static_cast<std::uint32_t>(y), plane);
        check_announced(handle, strip, size, what);
        const tmsize_t got = TIFFReadEncodedStrip(tiff, strip, to, static_cast<tmsize_t>(size));
        if (got < 0 || static_cast<std::uint64_t>(got) != size) handle.fail(what);
        if (format.unpacked()) continue;
        for (std::int64_t row = 0; row < rows; ++row) {
            target.row({to + static_cast<std::uint64_t>(row) * row_bytes, row_bytes}, y + row, 0,
                       target.columns);
        }
    }
}

void TiffPixels::State::decode_tiles(const Target& target, std::uint16_t plane,
                                     std::int64_t per_pixel, const std::string& what) {
    TIFF* const tiff = handle.get();
    const PageFormat& format = target.format;
    const std::int64_t tile_width = field<std::uint32_t>(tiff, TIFFTAG_TILEWIDTH, 0);
    const std::int64_t tile_height = field<std::uint32_t>(tiff, TIFFTAG_TILELENGTH, 0);
    const tmsize_t size = TIFFTileSize(tiff);
    const std::uint64_t row_bytes = format.packed_row(static_cast<std::uint64_t>(tile_width),
                                                      static_cast<std::uint64_t>(per_pixel));
    if (tile_width < 1 || tile_height < 1 || size < 1 || row_bytes != TIFFTileRowSize64(tiff) ||
        static_cast<std::uint64_t>(size) < row_bytes * static_cast<std::uint64_t>(tile_height)) {
        handle.fail(what);
    }
    scratch.resize(static_cast<std::size_t>(size));
    for (std::int64_t y = 0; y < format.height; y += tile_height) {
        const std::int64_t rows = std::min(tile_height, format.height - y);
        for (std::int64_t x = 0; x < format.width; x += tile_width) {
            const std::int64_t columns = std::min(tile_width, format.width - x);
            const std::uint32_t tile = TIFFComputeTile(tiff, static_cast<std::uint32_t>(x),
                                                       static_cast<std::uint32_t>(y), 0, plane);
            check_announced(handle, tile, static_cast<std::uint64_t>(size), what);
            if (TIFFReadEncodedTile(tiff, tile, scratch.data(), size) != size) handle.fail(what);
            for (std::int64_t row = 0; row < rows; ++row) {
                target.row(
                    {scratch.data() + static_cast<std::uint64_t>(row) * row_bytes, row_bytes},
                    y + row, x * per_pixel, columns * per_pixel);
            }
        }
    }
}

void TiffPixels::State::decode(const PageFormat& format, std::uint16_t plane,
                               const std::string& what, std::byte* out) {
    TIFF* const tiff = handle.get();
    if (field<std::uint16_t>(tiff, TIFFTAG_COMPRESSION, 1) == COMPRESSION_JPEG &&
        field<std::uint16_t>(tiff, TIFFTAG_PHOTOMETRIC, 0) == PHOTOMETRIC_YCBCR && !format.planar) {
        TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
    }
    const std::int64_t per_pixel = format.planar ? 1 : format.samples;
    const Target target{format, out, format.width * per_pixel, size_of(format.type),
                        TIFFIsByteSwapped(tiff) != 0};
    if (TIFFIsTiled(tiff) != 0) {
        decode_tiles(target, plane, per_pixel, what);
    } else {
        decode_strips(target, plane, per_pixel, what);
    }
}

const std::vector<std::byte>& TiffPixels::State::interleaved(std::uint64_t ifd,
                                                             const PageFormat& format,
                                                             const std::string& what) {
    if (kept_ifd != ifd) {
        kept_ifd = 0;
        kept.resize(static_cast<std::size_t>(format.elements()) * size_of(format.type));
        decode(format, 0, what, kept.data());
        kept_ifd = ifd;
    }
    return kept;
}

void TiffPixels::read(std::uint64_t ifd, const PageFormat& expected, std::int64_t sample,
                      const std::string& what, std::span<std::byte> out) {
    const std::size_t value_bytes = size_of(expected.type);
    ensure(sample >= 0 && sample < expected.samples, "the sample exists");
    ensure(out.size() == static_cast<std::size_t>(expected.width * expected.height) * value_bytes,
           "the output has the size of a plane");
    if (format(ifd, what) != expected) {
        refuse(state_->handle.file().path(),
               what + " has another size or type than the first; the file is damaged");
    }
    if (expected.planar || expected.samples == 1) {
        state_->decode(expected, static_cast<std::uint16_t>(sample), what, out.data());
        return;
    }
    const std::vector<std::byte>& page = state_->interleaved(ifd, expected, what);
    const std::byte* from = page.data() + static_cast<std::size_t>(sample) * value_bytes;
    const std::size_t step = static_cast<std::size_t>(expected.samples) * value_bytes;
    for (std::size_t to = 0; to < out.size(); to += value_bytes, from += step) {
        std::memcpy(out.data() + to, from, value_bytes);
    }
}

void TiffPixels::read_raw(std::uint64_t at, const PageFormat& format, ByteOrder order,
                          std::int64_t sample, const std::string& what, std::span<std::byte> out) {
    const InputFile& file = state_->handle.file();
    const std::size_t value_bytes = size_of(format.type);
    const std::size_t plane_bytes =
        static_cast<std::size_t>(format.width * format.height) * value_bytes;
    ensure(out.size() == plane_bytes, "the output has the size of a plane");
    ensure(sample >= 0 && sample < format.samples && format.unpacked(), "a plain sample is wanted");
    const bool chunky = format.samples > 1 && !format.planar;
    const auto samples = static_cast<std::size_t>(format.samples);
    const std::uint64_t first = chunky ? at : at + static_cast<std::uint64_t>(sample) * plane_bytes;
    std::span<std::byte> bytes = out;
    if (chunky) {
        state_->kept_ifd = 0;
        state_->kept.resize(plane_bytes * samples);
        bytes = state_->kept;
    }
    if (file.read_some(first, bytes) != bytes.size()) {
        refuse(file.path(), what + " is cut off: the file ends at byte " +
                                std::to_string(file.size()) + "; copy the file again");
    }
    if (chunky) {
        const std::byte* from = bytes.data() + static_cast<std::size_t>(sample) * value_bytes;
        for (std::size_t to = 0; to < out.size();
             to += value_bytes, from += samples * value_bytes) {
            std::memcpy(out.data() + to, from, value_bytes);
        }
    }
    const bool swap = (order == ByteOrder::big) == (std::endian::native == std::endian::little);
    if (swap && value_bytes > 1) {
        for (std::size_t i = 0; i < out.size(); i += value_bytes) {
            std::reverse(out.begin() + static_cast<std::ptrdiff_t>(i),
                         out.begin() + static_cast<std::ptrdiff_t>(i + value_bytes));
        }
    }
}

}  // namespace cytofleet
