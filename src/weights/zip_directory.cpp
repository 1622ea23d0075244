#include "weights/zip_directory.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <unordered_set>

#include <fmt/format.h>

#include "base/byte_reader.hpp"
#include "weights/refusal.hpp"

namespace cytofleet {
namespace {

constexpr std::uint32_t end_signature = 0x06054b50;
constexpr std::uint32_t end64_signature = 0x06064b50;
constexpr std::uint32_t locator_signature = 0x07064b50;
constexpr std::uint32_t entry_signature = 0x02014b50;
constexpr std::uint64_t end_size = 22;
constexpr std::uint64_t end64_size = 56;
constexpr std::uint64_t locator_size = 20;
constexpr std::uint64_t entry_size = 46;
constexpr std::uint64_t saturated32 = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint64_t saturated16 = std::numeric_limits<std::uint16_t>::max();
/// Deflate levels, data descriptor, UTF-8 names. Any other bit means encryption or patching.
constexpr std::uint16_t known_flags = 0x0002 | 0x0004 | 0x0008 | 0x0800;

std::string_view text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Where and how large the directory is.
struct EndRecord {
    std::uint64_t at = 0;  ///< of the first end record, which follows the directory
    std::uint64_t entries = 0;
    std::uint64_t size = 0;
    std::uint64_t begin = 0;
};

std::uint64_t find_end_record(std::span<const std::byte> file) {
    ByteReader in(file, "zip");
    if (file.size() >= end_size) {
        const std::uint64_t last = file.size() - end_size;
        const std::uint64_t first = last > saturated16 ? last - saturated16 : 0;
        for (std::uint64_t at = last + 1; at-- > first;) {
            in.seek(at);
            if (in.read<std::uint32_t>() != end_signature) continue;
            in.skip(16);
            if (in.read<std::uint16_t>() == in.left()) return at;
        }
    }
    throw damaged("starts as a zip file but has no directory at its end");
}

void merge(std::uint64_t& narrow, std::uint64_t wide, std::uint64_t saturated) {
    if (narrow != saturated && narrow != wide)
        throw damaged("the two end records of the zip file contradict each other");
    narrow = wide;
}

void read_zip64_end(std::span<const std::byte> file, EndRecord& end) {
    ByteReader in(file, "zip64 end record");
    in.seek(end.at - locator_size);
    if (in.read<std::uint32_t>() != locator_signature) return;
    const auto disk = in.read<std::uint32_t>();
    const auto at = in.read<std::uint64_t>();
    const auto disks = in.read<std::uint32_t>();
    if (disk != 0 || disks > 1) throw damaged("is one part of a zip file in several parts");
    const std::uint64_t locator = end.at - locator_size;
    if (at > locator || locator - at < end64_size)
        throw damaged("the zip64 end record lies elsewhere than its locator says");
    in.seek(at);
    if (in.read<std::uint32_t>() != end64_signature)
        throw damaged("there is no zip64 end record where its locator says");
    in.skip(8 + 2 + 2 + 4 + 4 + 8);
    merge(end.entries, in.read<std::uint64_t>(), saturated16);
    merge(end.size, in.read<std::uint64_t>(), saturated32);
    merge(end.begin, in.read<std::uint64_t>(), saturated32);
    end.at = at;
}

EndRecord read_end_record(std::span<const std::byte> file) {
    ByteReader in(file, "zip end record");
    EndRecord end;
    end.at = find_end_record(file);
    in.seek(end.at + 4);
    const auto disk = in.read<std::uint16_t>();
    const auto first_disk = in.read<std::uint16_t>();
    in.skip(2);
    end.entries = in.read<std::uint16_t>();
    end.size = in.read<std::uint32_t>();
    end.begin = in.read<std::uint32_t>();
    const auto is_single = [](std::uint16_t number) {
        return number == 0 || number == saturated16;
    };
    if (!is_single(disk) || !is_single(first_disk))
        throw damaged("is one part of a zip file in several parts");
    if (end.at >= locator_size) read_zip64_end(file, end);
    if (end.begin > end.at || end.at - end.begin != end.size)
        throw damaged("the zip directory is not where the end record says");
    if (end.entries > end.size / entry_size)
        throw damaged(fmt::format("the zip directory claims {} entries, more than it has room for",
                                  end.entries));
    return end;
}

ZipEntry read_entry(ByteReader& in) {
    if (in.read<std::uint32_t>() != entry_signature)
        throw damaged("an entry of the zip directory does not start as one");
    in.skip(2 + 2);
    ZipEntry entry;
    entry.flags = in.read<std::uint16_t>();
    const auto method = in.read<std::uint16_t>();
    in.skip(2 + 2);
    entry.crc = in.read<std::uint32_t>();
    entry.packed_size = in.read<std::uint32_t>();
    entry.size = in.read<std::uint32_t>();
    const auto name_length = in.read<std::uint16_t>();
    const auto extra_length = in.read<std::uint16_t>();
    const auto comment_length = in.read<std::uint16_t>();
    in.skip(2 + 2 + 4);
    entry.header = in.read<std::uint32_t>();
    entry.name = text_of(in.take(name_length));
    const std::array<std::uint64_t*, 3> fields{&entry.size, &entry.packed_size, &entry.header};
    widen_from_extra(in.take(extra_length), fields);
    in.skip(comment_length);

    if ((entry.flags & ~known_flags) != 0)
        throw damaged(fmt::format("the zip entry {} is encrypted or patched (flags {:#06x})",
                                  in_quotes(entry.name), entry.flags));
    entry.method = static_cast<ZipMethod>(method);
    if (entry.method != ZipMethod::stored && entry.method != ZipMethod::deflated)
        throw damaged(
            fmt::format("the zip entry {} is compressed by method {}, not stored or deflated",
                        in_quotes(entry.name), method));
    if (entry.method == ZipMethod::stored && entry.packed_size != entry.size)
        throw damaged(fmt::format("the stored zip entry {} has two sizes, {} and {}",
                                  in_quotes(entry.name), entry.packed_size, entry.size));
    return entry;
}

}  // namespace

void widen_from_extra(std::span<const std::byte> extra, std::span<std::uint64_t* const> fields) {
    constexpr std::uint16_t zip64_id = 0x0001;
    const auto is_saturated = [](const std::uint64_t* field) { return *field == saturated32; };
    if (std::ranges::none_of(fields, is_saturated)) return;
    ByteReader in(extra, "zip64 extra field");
    while (in.left() >= 4) {
        const auto id = in.read<std::uint16_t>();
        const auto body = in.take(in.read<std::uint16_t>());
        if (id != zip64_id) continue;
        ByteReader values(body, "zip64 extra field");
        for (std::uint64_t* field : fields)
            if (is_saturated(field)) *field = values.read<std::uint64_t>();
        return;
    }
}

ZipDirectory read_zip_directory(std::span<const std::byte> file) {
    const EndRecord end = read_end_record(file);
    ZipDirectory out;
    out.begin = end.begin;
    out.entries.reserve(end.entries);
    std::unordered_set<std::string_view> names;
    ByteReader in(file.subspan(end.begin, end.size), "zip directory");
    for (std::uint64_t i = 0; i < end.entries; ++i) {
        out.entries.push_back(read_entry(in));
        const std::string_view name = out.entries.back().name;
        if (!names.insert(name).second)
            throw damaged(fmt::format("the zip entry {} is there twice", in_quotes(name)));
    }
    if (in.left() != 0) throw damaged("the zip directory is longer than its entries");
    return out;
}

}  // namespace cytofleet
