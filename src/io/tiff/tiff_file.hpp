// The chain of pages of one TIFF file, walked once and checked against the file's length.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "io/tiff/input_file.hpp"
#include "io/tiff/tiff_directory.hpp"

namespace cytofleet {

/// Where a page's directory lies and which of the file's page kinds it is.
struct TiffPage {
    std::uint64_t ifd = 0;
    std::uint32_t kind = 0;  ///< pages of equal size and type share a number
    bool reduced = false;    ///< thumbnail, pyramid level or mask
};

/// Sub-directories are not followed. Sixteen bytes are kept per page.
class TiffFile {
  public:
    /// Throws Error{input} when the path is no TIFF file, when the first page is unreadable, or
    /// when the file ends before a page's header or pixels. A chain that loops or leads to nonsense
    /// inside the file ends there with a warning.
    explicit TiffFile(const std::filesystem::path& path, const Route& route = {});

    const InputFile& file() const { return file_; }
    const TiffHeader& header() const { return header_; }
    const std::vector<TiffPage>& pages() const { return pages_; }
    const TiffDirectory& first() const { return *first_; }
    TiffDirectory directory(std::size_t page) const;
    const std::vector<std::string>& warnings() const { return warnings_; }
    /// First byte of the first page's pixels when they lie uncompressed and in one piece, as the
    /// planes that follow without a directory would.
    std::optional<std::uint64_t> contiguous_start() const;

  private:
    struct Kind {
        std::uint64_t width, height, samples, bits, format, planar;
        bool operator==(const Kind&) const = default;
    };
    Kind kind_of(const TiffDirectory& directory) const;
    void check_data(const TiffDirectory& directory, const Kind& kind) const;
    std::uint32_t number_of(const Kind& kind);

    InputFile file_;
    TiffHeader header_;
    std::optional<TiffDirectory> first_;
    std::vector<TiffPage> pages_;
    std::vector<Kind> kinds_;
    std::vector<std::string> warnings_;
};

}  // namespace cytofleet
