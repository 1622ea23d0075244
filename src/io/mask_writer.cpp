#include "io/mask_writer.hpp"

#include <array>
#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>
#include <tiffio.h>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "base/version.hpp"
#include "io/ome_writer.hpp"
#include "io/tiff_layout.hpp"

namespace cytofleet {
namespace {

int ignore_message(TIFF* /*file*/, void* /*user*/, const char* /*module*/, const char* /*format*/,
                   va_list /*arguments*/) {
    return 1;  // handled: what is wrong is told by our own error
}

/// libtiff's view of a file, silent.
struct Closer {
    void operator()(TIFF* file) const { TIFFClose(file); }
};
std::unique_ptr<TIFF, Closer> open_silently(int descriptor) {
    TIFFOpenOptions* options = TIFFOpenOptionsAlloc();
    TIFFOpenOptionsSetErrorHandlerExtR(options, ignore_message, nullptr);
    TIFFOpenOptionsSetWarningHandlerExtR(options, ignore_message, nullptr);
    // A copy, for libtiff closes it; writes and reads of ours do not depend on its position.
    const int copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    if (copy >= 0) lseek(copy, 0, SEEK_SET);
    std::unique_ptr<TIFF, Closer> file(copy < 0 ? nullptr
                                                : TIFFFdOpenExt(copy, "mask", "rm", options));
    if (!file && copy >= 0) close(copy);
    TIFFOpenOptionsFree(options);
    return file;
}

}  // namespace

struct MaskWriter::State {
    explicit State(MaskFile mask) : file(std::move(mask)), out(file.path) {}
    MaskFile file;
    AtomicFile out;
    std::vector<PageLayout> pages;
    std::vector<std::uint64_t> checksums;  ///< of all strips in order

    void check(bool good) const {
        if (!good)
            throw Error(ErrorKind::output,
                        fmt::format("{}: what was written cannot be read back; check the disk",
                                    show(file.path)));
    }

    /// Reads every strip through libtiff and compares it with what was meant.
    void read_back() const {
        const auto tiff = open_silently(out.descriptor());
        check(tiff != nullptr);
        std::size_t strip_number = 0;
        std::vector<std::byte> strip;
        for (std::size_t i = 0; i < pages.size(); ++i) {
            std::uint32_t width = 0;
            std::uint32_t height = 0;
            check(TIFFGetField(tiff.get(), TIFFTAG_IMAGEWIDTH, &width) == 1 &&
                  TIFFGetField(tiff.get(), TIFFTAG_IMAGELENGTH, &height) == 1 &&
                  width == pages[i].width && height == pages[i].height &&
                  TIFFNumberOfStrips(tiff.get()) == pages[i].offsets.size());
            for (std::size_t s = 0; s < pages[i].offsets.size(); ++s) {
                strip.resize(pages[i].lengths[s]);
                const auto got =
                    TIFFReadRawStrip(tiff.get(), static_cast<std::uint32_t>(s), strip.data(),
                                     static_cast<tmsize_t>(strip.size()));
                check(got == static_cast<tmsize_t>(strip.size()) &&
                      checksum(strip) == checksums[strip_number++]);
            }
            check((TIFFReadDirectory(tiff.get()) == 1) == (i + 1 < pages.size()));
        }
    }
};

MaskWriter::MaskWriter(MaskFile file) : state_(std::make_unique<State>(std::move(file))) {
    constexpr std::array<std::byte, header_room> room{};
    state_->out.append(room);
}

MaskWriter::~MaskWriter() = default;

void MaskWriter::add(const EncodedPlane& plane) {
    State& s = *state_;
    ensure(plane.height == s.file.input.y && plane.width == s.file.input.x &&
               plane.wide == s.file.wide && !plane.strips.empty(),
           "a plane has the file's size and type");
    PageLayout page;
    page.height = plane.height;
    page.width = plane.width;
    page.bits = plane.wide ? 32 : 16;
    const auto strips = static_cast<std::int64_t>(plane.strips.size());
    page.rows_per_strip = plane.rows_per_strip();
    ensure((plane.height + page.rows_per_strip - 1) / page.rows_per_strip == strips,
           "a plane has as many strips as its rows need");
    for (const auto& strip : plane.strips) {
        page.offsets.push_back(s.out.end());
        page.lengths.push_back(strip.size());
        s.checksums.push_back(checksum(strip));
        s.out.append(strip);
    }
    s.pages.push_back(std::move(page));
}

std::string MaskWriter::finish() {
    SealedMask sealed = seal();
    commit();
    return std::move(sealed.sha256);
}

void MaskWriter::commit(const MayReplace& may_replace) {
    state_->out.commit(may_replace);
}

SealedMask MaskWriter::seal() {
    State& s = *state_;
    ensure(static_cast<std::int64_t>(s.pages.size()) == s.file.input.t, "all planes are in");
    if (s.out.end() % 2 != 0) s.out.append(std::array<std::byte, 1>{});
    const DirectoryBytes end =
        make_directories(s.pages, ome_xml(s.file), "cytofleet " + version(), s.out.end());
    s.out.append(end.directories);
    s.out.overwrite(0, end.header);
    s.out.sync();
    s.read_back();
    return {sha256_of(s.out.descriptor(), s.file.path), s.out.end(),
            time_of_change(s.out.descriptor())};
}

}  // namespace cytofleet
