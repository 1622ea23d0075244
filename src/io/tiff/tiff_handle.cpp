#include "io/tiff/tiff_handle.hpp"

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <span>
#include <string_view>

#include "base/text.hpp"

namespace cytofleet {
namespace {

// Tables and codec buffers; pixels go into our own memory. A file that needs more has a bogus
// table.
constexpr std::uint64_t smallest_limit = std::uint64_t{256} << 20U;

}  // namespace

TiffHandle::TiffHandle(const std::filesystem::path& path, const Route& route) : file_(path, route) {
    const std::unique_ptr<TIFFOpenOptions, decltype(&TIFFOpenOptionsFree)> options(
        TIFFOpenOptionsAlloc(), &TIFFOpenOptionsFree);
    if (options == nullptr) refuse(path, "no memory left to open it");
    TIFFOpenOptionsSetMaxSingleMemAlloc(
        options.get(), static_cast<tmsize_t>(std::max(smallest_limit, file_.size())));
    TIFFOpenOptionsSetErrorHandlerExtR(options.get(), &TiffHandle::collect, this);
    TIFFOpenOptionsSetWarningHandlerExtR(options.get(), &TiffHandle::ignore, this);
    // r: read, m: do not map, h: only the header now.
    tiff_ = TIFFClientOpenExt(path.c_str(), "rmh", this, &TiffHandle::read, &TiffHandle::write,
                              &TiffHandle::seek, &TiffHandle::close, &TiffHandle::size, nullptr,
                              nullptr, options.get());
    if (tiff_ == nullptr) fail("");
}

TiffHandle::~TiffHandle() {
    TIFFClose(tiff_);
}

void TiffHandle::go_to(std::uint64_t ifd, const std::string& what) {
    clear();
    if (ifd_ == ifd) return;
    ifd_ = 0;
    if (TIFFSetSubDirectory(tiff_, ifd) == 0) fail(what);
    ifd_ = ifd;
}

bool TiffHandle::lacks_decoder() const {
    // What libtiff's decoders say of data that they were built without; there is no code for it.
    constexpr std::array<std::string_view, 7> words = {"nsupported JPEG data precision",
                                                       "Improper JPEG data precision",
                                                       "not configured",
                                                       "not supported",
                                                       "not implemented",
                                                       "nsupported ",
                                                       "not compiled"};
    return std::ranges::any_of(words,
                               [&](auto word) { return message_.find(word) != std::string::npos; });
}

void TiffHandle::fail(const std::string& what) const {
    if (lacks_decoder())
        refuse(file_.path(), (what.empty() ? "" : what + " ") +
                                 "is packed in a way that is not supported by this build of "
                                 "libtiff (" +
                                 message_ + "); save it uncompressed");
    const std::string reason = message_.empty() ? "libtiff gives no reason" : message_;
    refuse(file_.path(), (what.empty() ? "" : what + " ") + "cannot be read (" + reason +
                             "); the file is damaged: copy or export it again");
}

tmsize_t TiffHandle::read(thandle_t self, void* out, tmsize_t size) {
    auto* handle = static_cast<TiffHandle*>(self);
    if (size <= 0) return 0;
    const std::size_t got = handle->file_.read_some(
        handle->position_, {static_cast<std::byte*>(out), static_cast<std::size_t>(size)});
    handle->position_ += got;
    return static_cast<tmsize_t>(got);
}

tmsize_t TiffHandle::write(thandle_t /*self*/, void* /*in*/, tmsize_t /*size*/) {
    return 0;
}

toff_t TiffHandle::seek(thandle_t self, toff_t offset, int whence) {
    auto* handle = static_cast<TiffHandle*>(self);
    if (whence == SEEK_SET) {
        handle->position_ = offset;
    } else {
        handle->position_ =
            offset + (whence == SEEK_CUR ? handle->position_ : handle->file_.size());
    }
    return handle->position_;
}

int TiffHandle::close(thandle_t /*self*/) {
    return 0;
}

toff_t TiffHandle::size(thandle_t self) {
    return static_cast<TiffHandle*>(self)->file_.size();
}

int TiffHandle::collect(TIFF* /*tiff*/, void* self, const char* module, const char* format,
                        va_list arguments) {
    auto* handle = static_cast<TiffHandle*>(self);
    if (handle->message_.empty()) {
        std::array<char, 512> text{};
        std::vsnprintf(text.data(), text.size(), format, arguments);
        std::string message = module == nullptr ? "" : std::string(module) + ": ";
        message += text.data();
        // libtiff names the path here and there; fail() names it once.
        const std::string path = handle->file_.path().string() + ": ";
        if (const std::size_t at = message.find(path); at != std::string::npos) {
            message.erase(at, path.size());
        }
        handle->message_ = printable(message);
    }
    return 1;
}

int TiffHandle::ignore(TIFF* /*tiff*/, void* /*self*/, const char* /*module*/,
                       const char* /*format*/, va_list /*arguments*/) {
    return 1;
}

}  // namespace cytofleet
