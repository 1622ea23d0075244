// An open libtiff handle whose messages are collected, never printed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include <tiffio.h>

#include "io/tiff/input_file.hpp"

namespace cytofleet {

/// Reads through InputFile (no mapping), with bounded allocations.
class TiffHandle {
  public:
    /// Throws Error{input} when libtiff refuses the header.
    TiffHandle(const std::filesystem::path& path, const Route& route);
    ~TiffHandle();
    TiffHandle(const TiffHandle&) = delete;
    TiffHandle& operator=(const TiffHandle&) = delete;

    TIFF* get() const { return tiff_; }
    const InputFile& file() const { return file_; }
    /// Stands on the directory at `ifd` afterwards; cheap when it does already.
    void go_to(std::uint64_t ifd, const std::string& what);
    /// Throws Error{input}: file, `what`, and the first message since the last clear().
    [[noreturn]] void fail(const std::string& what) const;
    /// That message says that libtiff was built without what the data need.
    bool lacks_decoder() const;
    void clear() { message_.clear(); }

  private:
    static tmsize_t read(thandle_t self, void* out, tmsize_t size);
    static tmsize_t write(thandle_t self, void* in, tmsize_t size);
    static toff_t seek(thandle_t self, toff_t offset, int whence);
    static int close(thandle_t self);
    static toff_t size(thandle_t self);
    static int collect(TIFF* tiff, void* self, const char* module, const char* format,
                       va_list arguments);
    static int ignore(TIFF* tiff, void* self, const char* module, const char* format,
                      va_list arguments);

    InputFile file_;
    std::uint64_t position_ = 0;
    std::uint64_t ifd_ = 0;
    std::string message_;
    TIFF* tiff_ = nullptr;
};

}  // namespace cytofleet
