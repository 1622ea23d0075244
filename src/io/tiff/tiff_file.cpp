#include "io/tiff/tiff_file.hpp"

#include <algorithm>
#include <limits>
#include <unordered_set>

#include "base/error.hpp"
#include "base/sign_of_life.hpp"
#include "base/text.hpp"

namespace cytofleet {
namespace {

// Tables of strip positions read at opening to find a cut: a limit for files of very many small
// strips, whose other pages are checked when they are read.
constexpr std::uint64_t max_checked_strips = 4U << 20U;

}  // namespace

TiffFile::TiffFile(const std::filesystem::path& path, const Route& route) : file_(path, route) {
    const auto header = read_tiff_header(file_);
    if (!header) {
        refuse(path, file_.size() == 0 ? "is empty; copy the file again"
                                       : "is not a TIFF file; check the name or convert the file");
    }
    header_ = *header;
    std::unordered_set<std::uint64_t> seen;
    std::uint64_t strips = 0;
    for (std::uint64_t at = header_.first; at != 0;) {
        give_sign_of_life();
        if (at >= file_.size()) {
            refuse(path, "is cut off: page " + std::to_string(pages_.size() + 1) +
                             " begins at byte " + std::to_string(at) + " and the file has " +
                             std::to_string(file_.size()) + "; copy the file again");
        }
        if (!seen.insert(at).second) {
            warnings_.push_back("the chain of pages loops after " +
                                count_of(pages_.size(), "page") + "; it is read up to there");
            break;
        }
        std::optional<TiffDirectory> directory;
        try {
            directory.emplace(file_, header_, at);
        } catch (const NoDirectory& error) {
            if (pages_.empty()) throw;
            warnings_.push_back("the chain of pages breaks after " +
                                count_of(pages_.size(), "page") + " (" + error.what() + ")");
            break;
        }
        const Kind kind = kind_of(*directory);
        const std::uint64_t flags = directory->number(file_, TiffTag::new_subfile_type, 0);
        const bool old_reduced = directory->number(file_, TiffTag::subfile_type, 1) == 2;
        pages_.push_back({at, number_of(kind), (flags & 5U) != 0 || old_reduced});
        strips += std::max(directory->count(TiffTag::strip_offsets),
                           directory->count(TiffTag::tile_offsets));
        if (strips <= max_checked_strips) check_data(*directory, kind);
        if (directory->link_is_cut()) {
            warnings_.push_back("ends in the header of page " + std::to_string(pages_.size()) +
                                ": pages may be missing; copy the file again");
        }
        at = directory->next();
        if (!first_) first_ = std::move(directory);
    }
    if (pages_.empty()) refuse(path, "has no pages; copy or export the file again");
}

TiffDirectory TiffFile::directory(std::size_t page) const {
    return {file_, header_, pages_.at(page).ifd};
}

TiffFile::Kind TiffFile::kind_of(const TiffDirectory& directory) const {
    Kind kind{};
    kind.width = directory.number(file_, TiffTag::image_width, 0);
    kind.height = directory.number(file_, TiffTag::image_length, 0);
    kind.samples = directory.number(file_, TiffTag::samples_per_pixel, 1);
    kind.bits = directory.number(file_, TiffTag::bits_per_sample, 1);
    kind.format = directory.number(file_, TiffTag::sample_format, 1);
    kind.planar = kind.samples == 1 ? 1 : directory.number(file_, TiffTag::planar_configuration, 1);
    return kind;
}

std::uint32_t TiffFile::number_of(const Kind& kind) {
    // Nearly always the kind of the page before, which is looked at first. A file of ever new kinds
    // is hostile: all beyond the first thousand count as one.
    if (!pages_.empty() && kinds_[pages_.back().kind] == kind) return pages_.back().kind;
    const auto found = std::find(kinds_.begin(), kinds_.end(), kind);
    if (found == kinds_.end()) {
        if (kinds_.size() < 1000) kinds_.push_back(kind);
        return static_cast<std::uint32_t>(kinds_.size() - 1);
    }
    return static_cast<std::uint32_t>(found - kinds_.begin());
}

void TiffFile::check_data(const TiffDirectory& directory, const Kind& kind) const {
    const bool tiled = directory.count(TiffTag::tile_offsets) != 0;
    const auto starts =
        directory.numbers(file_, tiled ? TiffTag::tile_offsets : TiffTag::strip_offsets);
    const auto counts =
        directory.numbers(file_, tiled ? TiffTag::tile_byte_counts : TiffTag::strip_byte_counts);
    // Uncompressed strips are often announced longer than they are; what counts is what they need.
    std::uint64_t needed = std::numeric_limits<std::uint64_t>::max();
    if (!tiled && directory.number(file_, TiffTag::compression, 1) == 1 && kind.width < 1U << 31U &&
        kind.samples < 1U << 16U && kind.bits <= 64) {
        const std::uint64_t rows =
            std::min(directory.number(file_, TiffTag::rows_per_strip, kind.height), kind.height);
        const std::uint64_t in_row = kind.planar == 2 ? 1 : kind.samples;
        const std::uint64_t row_bytes = (kind.width * in_row * kind.bits + 7) / 8;
        if (row_bytes != 0 && rows < needed / row_bytes) {
            // The last strip may have fewer rows.
            const std::uint64_t last = kind.height % std::max<std::uint64_t>(rows, 1);
            needed = (last == 0 ? rows : last) * row_bytes;
        }
    }
    for (std::size_t i = 0; i < std::min(starts.size(), counts.size()); ++i) {
        const std::uint64_t size = std::min(counts[i], needed);
        if (starts[i] > file_.size() || size > file_.size() - starts[i]) {
            refuse(file_.path(), "is cut off: the pixels of page " + std::to_string(pages_.size()) +
                                     " lie behind byte " + std::to_string(file_.size()) +
                                     ", where the file ends; copy the file again");
        }
    }
}

std::optional<std::uint64_t> TiffFile::contiguous_start() const {
    const TiffDirectory& page = first();
    if (page.number(file_, TiffTag::compression, 1) != 1 ||
        page.number(file_, TiffTag::fill_order, 1) != 1 || page.count(TiffTag::tile_offsets) != 0) {
        return std::nullopt;
    }
    const auto starts = page.numbers(file_, TiffTag::strip_offsets);
    const auto counts = page.numbers(file_, TiffTag::strip_byte_counts);
    if (starts.empty() || (starts.size() > 1 && counts.size() != starts.size()))
        return std::nullopt;
    for (std::size_t i = 1; i < starts.size(); ++i) {
        if (starts[i] != starts[i - 1] + counts[i - 1]) return std::nullopt;
    }
    return starts.front();
}

}  // namespace cytofleet
