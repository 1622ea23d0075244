// Decodes the pixels of single TIFF pages through libtiff.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/byte_reader.hpp"
#include "base/guarded_folder.hpp"
#include "io/tiff/page_format.hpp"

namespace cytofleet {

/// One open file and the directory libtiff stands on. Every failure is Error{input}: one line that
/// names the file and `what`, the caller's name for the plane. Not for use by two threads at once.
class TiffPixels {
  public:
    explicit TiffPixels(const std::filesystem::path& path, const Route& route = {});
    ~TiffPixels();
    TiffPixels(const TiffPixels&) = delete;
    TiffPixels& operator=(const TiffPixels&) = delete;

    /// Format of the page whose directory lies at `ifd`. Also refuses what libtiff cannot decode
    /// and sizes that the bytes in the file cannot fill.
    PageFormat format(std::uint64_t ifd, const std::string& what);
    /// Decodes one sample of a page into `out` (height * width values). The page must have this
    /// format.
    void read(std::uint64_t ifd, const PageFormat& expected, std::int64_t sample,
              const std::string& what, std::span<std::byte> out);
    /// The same for an uncompressed page that begins at byte `at` and that no directory describes.
    void read_raw(std::uint64_t at, const PageFormat& format, ByteOrder order, std::int64_t sample,
                  const std::string& what, std::span<std::byte> out);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace cytofleet
