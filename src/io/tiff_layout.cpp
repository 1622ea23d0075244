#include "io/tiff_layout.hpp"

#include <span>

#include "base/byte_writer.hpp"
#include "base/error.hpp"

namespace cytofleet {
namespace {

enum FieldType : std::uint16_t { ascii = 2, word = 3, dword = 4, rational = 5, qword = 16 };

/// A field of a directory with its values as little-endian bytes.
struct Field {
    std::uint16_t tag = 0;
    std::uint16_t type = 0;
    std::uint64_t count = 0;
    std::vector<std::byte> bytes;
};

std::vector<std::byte> little_endian(std::uint64_t value, std::size_t size) {
    ByteWriter out;
    for (std::size_t i = 0; i < size; ++i) out.write(static_cast<std::uint8_t>(value >> (8 * i)));
    return out.take();
}

Field number(std::uint16_t tag, FieldType type, std::uint64_t value) {
    return {tag, type, 1, little_endian(value, type == word ? 2 : 4)};
}

Field text(std::uint16_t tag, const std::string& value) {
    const auto* raw = reinterpret_cast<const std::byte*>(value.c_str());
    return {tag, ascii, value.size() + 1, {raw, raw + value.size() + 1}};
}

Field one_to_one(std::uint16_t tag) {
    ByteWriter out;
    out.write(std::uint32_t{1});
    out.write(std::uint32_t{1});
    return {tag, rational, 1, out.take()};
}

Field list(std::uint16_t tag, std::span<const std::uint64_t> values, bool big) {
    ByteWriter out;
    for (const std::uint64_t value : values) {
        if (big)
            out.write(value);
        else
            out.write(static_cast<std::uint32_t>(value));
    }
    return {tag, big ? qword : dword, values.size(), out.take()};
}

std::vector<Field> fields_of(const PageLayout& page, const std::string* description,
                             const std::string* software, bool big) {
    std::vector<Field> out;
    out.push_back(number(256, dword, static_cast<std::uint64_t>(page.width)));
    out.push_back(number(257, dword, static_cast<std::uint64_t>(page.height)));
    out.push_back(number(258, word, page.bits));
    out.push_back(number(259, word, 8));  // Adobe deflate
    out.push_back(number(262, word, 1));  // black is zero
    if (description != nullptr) out.push_back(text(270, *description));
    out.push_back(list(273, page.offsets, big));
    out.push_back(number(277, word, 1));  // samples per pixel
    out.push_back(number(278, dword, static_cast<std::uint64_t>(page.rows_per_strip)));
    out.push_back(list(279, page.lengths, big));
    out.push_back(one_to_one(282));
    out.push_back(one_to_one(283));
    out.push_back(number(296, word, 1));  // no unit of resolution
    if (software != nullptr) out.push_back(text(305, *software));
    out.push_back(number(339, word, 1));  // unsigned integers
    return out;
}

/// Sizes that differ between classic and Big.
struct Sizes {
    explicit Sizes(bool big) : count(big ? 8 : 2), entry(big ? 20 : 12), value(big ? 8 : 4) {}
    std::size_t count;  ///< the number of entries
    std::size_t entry;
    std::size_t
        value;  ///< values up to this many bytes sit in the entry; also the size of an offset
};

/// One directory at `at`, its long values behind it; ends even.
std::vector<std::byte> directory(const std::vector<Field>& fields, std::uint64_t at, bool last,
                                 bool big) {
    const Sizes sizes(big);
    ByteWriter head;
    ByteWriter tail;
    std::uint64_t free = at + sizes.count + fields.size() * sizes.entry + sizes.value;
    head.append(little_endian(fields.size(), sizes.count));
    for (const Field& field : fields) {
        head.write(field.tag);
        head.write(field.type);
        head.append(little_endian(field.count, sizes.value));
        if (field.bytes.size() <= sizes.value) {
            auto value = field.bytes;
            value.resize(sizes.value);
            head.append(value);
            continue;
        }
        head.append(little_endian(free, sizes.value));
        auto bytes = field.bytes;
        bytes.resize(bytes.size() + bytes.size() % 2);
        free += bytes.size();
        tail.append(bytes);
    }
    head.append(little_endian(last ? 0 : free, sizes.value));
    head.append(tail.take());
    return head.take();
}

std::vector<std::byte> all_directories(const std::vector<PageLayout>& pages,
                                       const std::string& description, const std::string& software,
                                       std::uint64_t end, bool big) {
    std::vector<std::byte> out;
    for (std::size_t i = 0; i < pages.size(); ++i) {
        const bool first = i == 0;
        const auto fields =
            fields_of(pages[i], first ? &description : nullptr, first ? &software : nullptr, big);
        const auto bytes = directory(fields, end + out.size(), i + 1 == pages.size(), big);
        out.insert(out.end(), bytes.begin(), bytes.end());
    }
    return out;
}

}  // namespace

DirectoryBytes make_directories(const std::vector<PageLayout>& pages,
                                const std::string& description, const std::string& software,
                                std::uint64_t end, bool force_big) {
    ensure(end % 2 == 0 && !pages.empty(), "directories start at an even offset");
    constexpr std::uint64_t classic_limit = 0xffffffff;
    DirectoryBytes out;
    out.big = force_big || end > classic_limit;
    if (!out.big) {
        out.directories = all_directories(pages, description, software, end, false);
        out.big = end + out.directories.size() > classic_limit;
    }
    if (out.big) out.directories = all_directories(pages, description, software, end, true);
    ByteWriter header;
    header.write('I');
    header.write('I');
    header.write(static_cast<std::uint16_t>(out.big ? 43 : 42));
    if (out.big) {
        header.write(std::uint16_t{8});
        header.write(std::uint16_t{0});
        header.write(end);
    } else {
        header.write(static_cast<std::uint32_t>(end));
        header.write(std::uint64_t{0});
    }
    out.header = header.take();
    return out;
}

}  // namespace cytofleet
