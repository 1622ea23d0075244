#include "io/tiff/tiff_directory.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

#include "base/text.hpp"

namespace cytofleet {
namespace {

// libtiff refuses directories with more entries, too.
constexpr std::uint64_t max_entries = 4096;

std::uint64_t size_of_type(std::uint16_t type) {
    switch (type) {
        case 1:  // BYTE
        case 2:  // ASCII
        case 6:  // SBYTE
        case 7:  // UNDEFINED
            return 1;
        case 3:  // SHORT
        case 8:  // SSHORT
            return 2;
        case 4:   // LONG
        case 9:   // SLONG
        case 11:  // FLOAT
        case 13:  // IFD
            return 4;
        case 5:   // RATIONAL
        case 10:  // SRATIONAL
        case 12:  // DOUBLE
        case 16:  // LONG8
        case 17:  // SLONG8
        case 18:  // IFD8
            return 8;
        default:
            return 0;
    }
}

bool is_integer(std::uint16_t type) {
    return type == 1 || type == 3 || type == 4 || type == 13 || type == 16 || type == 18;
}

std::uint64_t read_integer(ByteReader& reader, std::uint16_t type) {
    switch (size_of_type(type)) {
        case 1:
            return reader.read<std::uint8_t>();
        case 2:
            return reader.read<std::uint16_t>();
        case 4:
            return reader.read<std::uint32_t>();
        default:
            return reader.read<std::uint64_t>();
    }
}

}  // namespace

std::optional<TiffHeader> read_tiff_header(const InputFile& file) {
    std::array<std::byte, 16> start{};
    const std::size_t got = file.read_some(0, start);
    if (got < 8) return std::nullopt;
    TiffHeader header;
    if (std::memcmp(start.data(), "MM", 2) == 0) {
        header.order = ByteOrder::big;
    } else if (std::memcmp(start.data(), "II", 2) != 0) {
        return std::nullopt;
    }
    ByteReader reader(std::span<const std::byte>(start.data(), got), "TIFF header", header.order);
    reader.skip(2);
    const auto version = reader.read<std::uint16_t>();
    if (version == 42) {
        header.first = reader.read<std::uint32_t>();
        return header;
    }
    if (version != 43 || got < 16) return std::nullopt;
    header.big = true;
    if (reader.read<std::uint16_t>() != 8 || reader.read<std::uint16_t>() != 0) return std::nullopt;
    header.first = reader.read<std::uint64_t>();
    return header;
}

TiffDirectory::TiffDirectory(const InputFile& file, const TiffHeader& header, std::uint64_t offset)
    : header_(header), offset_(offset) {
    const std::uint64_t count_size = header.big ? 8 : 2;
    const std::uint64_t entry_size = header.big ? 20 : 12;
    const std::uint64_t value_size = header.big ? 8 : 4;
    // One read fetches a usual directory whole.
    std::array<std::byte, 1024> window{};
    const std::size_t got = file.read_some(offset, window);
    if (got < count_size) {
        refuse(file.path(), "is cut off: a page's header at offset " + std::to_string(offset) +
                                " lies behind its end; copy the file again");
    }
    ByteReader counter(std::span<const std::byte>(window.data(), got), "TIFF directory",
                       header.order);
    const std::uint64_t count =
        header.big ? counter.read<std::uint64_t>() : counter.read<std::uint16_t>();
    if (count == 0 || count > max_entries) {
        throw NoDirectory(ErrorKind::input,
                          show(file.path()) + ": is damaged: the page header at offset " +
                              std::to_string(offset) + " announces " + std::to_string(count) +
                              " entries; copy or export the file again");
    }
    const std::uint64_t total = count_size + count * entry_size + value_size;
    std::vector<std::byte> large;
    std::span<const std::byte> bytes(window.data(), got);
    if (total > got) {
        large.resize(total);
        const std::size_t have = file.read_some(offset, large);
        // libtiff forgives a missing link behind the last directory.
        if (have < total - value_size) {
            refuse(file.path(), "is cut off in the page header at offset " +
                                    std::to_string(offset) + "; copy the file again");
        }
        link_is_cut_ = have < total;
        bytes = large;
    }
    ByteReader reader(bytes, "TIFF directory", header.order);
    reader.skip(count_size);
    entries_.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i) {
        Entry entry{};
        entry.tag = reader.read<std::uint16_t>();
        entry.type = reader.read<std::uint16_t>();
        entry.count = header.big ? reader.read<std::uint64_t>() : reader.read<std::uint32_t>();
        const std::uint64_t unit = size_of_type(entry.type);
        const bool inlined = unit != 0 && entry.count <= value_size / unit;
        const std::uint64_t here = offset + reader.position();
        const std::uint64_t there =
            header.big ? reader.read<std::uint64_t>() : reader.read<std::uint32_t>();
        entry.position = inlined ? here : there;
        entries_.push_back(entry);
    }
    if (link_is_cut_) return;
    next_ = header.big ? reader.read<std::uint64_t>() : reader.read<std::uint32_t>();
}

bool TiffDirectory::is_cut(const InputFile& file, TiffTag tag) const {
    const Entry* entry = find(tag);
    if (entry == nullptr) return false;
    const std::uint64_t unit = size_of_type(entry->type);
    return entry->position > file.size() ||
           (unit != 0 && entry->count > (file.size() - entry->position) / unit);
}

const TiffDirectory::Entry* TiffDirectory::find(TiffTag tag, int nth) const {
    for (const Entry& entry : entries_) {
        if (entry.tag == static_cast<std::uint16_t>(tag) && nth-- == 0) return &entry;
    }
    return nullptr;
}

std::uint64_t TiffDirectory::count(TiffTag tag) const {
    const Entry* entry = find(tag);
    return entry == nullptr ? 0 : entry->count;
}

std::uint64_t TiffDirectory::number(const InputFile& file, TiffTag tag,
                                    std::uint64_t fallback) const {
    const Entry* entry = find(tag);
    if (entry == nullptr || !is_integer(entry->type) || entry->count == 0) return fallback;
    std::array<std::byte, 8> raw{};
    const auto bytes = std::span(raw).first(size_of_type(entry->type));
    if (file.read_some(entry->position, bytes) != bytes.size()) return fallback;
    ByteReader reader(bytes, "TIFF tag", header_.order);
    return read_integer(reader, entry->type);
}

std::vector<std::uint64_t> TiffDirectory::numbers(const InputFile& file, TiffTag tag) const {
    const Entry* entry = find(tag);
    if (entry == nullptr || !is_integer(entry->type)) return {};
    const std::vector<std::byte> raw = bytes(file, tag);
    if (raw.empty() && entry->count != 0) {
        refuse(file.path(), "is cut off: the table of tag " + std::to_string(entry->tag) +
                                " lies behind its end; copy the file again");
    }
    ByteReader reader(raw, "TIFF tag", header_.order);
    std::vector<std::uint64_t> values(entry->count);
    for (std::uint64_t& value : values) value = read_integer(reader, entry->type);
    return values;
}

std::optional<double> TiffDirectory::rational(const InputFile& file, TiffTag tag) const {
    const Entry* entry = find(tag);
    if (entry == nullptr || entry->type != 5 || entry->count == 0) return std::nullopt;
    std::array<std::byte, 8> raw{};
    if (file.read_some(entry->position, raw) != raw.size()) return std::nullopt;
    ByteReader reader(raw, "TIFF tag", header_.order);
    const auto numerator = reader.read<std::uint32_t>();
    const auto denominator = reader.read<std::uint32_t>();
    if (denominator == 0) return std::nullopt;
    return static_cast<double>(numerator) / static_cast<double>(denominator);
}

std::string TiffDirectory::text(const InputFile& file, TiffTag tag, int nth) const {
    const std::vector<std::byte> raw = bytes(file, tag, nth);
    const auto end = std::find(raw.begin(), raw.end(), std::byte{0});
    std::string value(static_cast<std::size_t>(end - raw.begin()), '\0');
    std::transform(raw.begin(), end, value.begin(),
                   [](std::byte b) { return static_cast<char>(b); });
    return value;
}

std::vector<std::byte> TiffDirectory::bytes_at(const InputFile& file, TiffTag tag,
                                               std::size_t size) const {
    const Entry* entry = find(tag);
    if (entry == nullptr || entry->position > file.size() || size > file.size() - entry->position)
        return {};
    std::vector<std::byte> raw(size);
    if (file.read_some(entry->position, raw) != raw.size()) return {};
    return raw;
}

std::vector<std::byte> TiffDirectory::bytes(const InputFile& file, TiffTag tag, int nth) const {
    const Entry* entry = find(tag, nth);
    if (entry == nullptr) return {};
    const std::uint64_t unit = size_of_type(entry->type);
    // The length of the file bounds what is allocated.
    if (unit == 0 || entry->position > file.size() ||
        entry->count > (file.size() - entry->position) / unit) {
        return {};
    }
    std::vector<std::byte> raw(entry->count * unit);
    if (file.read_some(entry->position, raw) != raw.size()) return {};
    return raw;
}

}  // namespace cytofleet
