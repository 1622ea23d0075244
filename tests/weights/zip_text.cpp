#include "weights/zip_text.hpp"

#include <stdexcept>

#include <zlib.h>

#include "weights/pickle_text.hpp"

namespace cytofleet::test {
namespace {

constexpr std::uint32_t saturated = 0xffffffff;

std::string deflated(const std::string& contents) {
    z_stream z{};
    if (deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        throw std::runtime_error("zlib does not start");
    std::string in = contents;
    std::string out(deflateBound(&z, in.size()), '\0');
    z.next_in = reinterpret_cast<Bytef*>(in.data());
    z.avail_in = static_cast<uInt>(in.size());
    z.next_out = reinterpret_cast<Bytef*>(out.data());
    z.avail_out = static_cast<uInt>(out.size());
    const int state = deflate(&z, Z_FINISH);
    out.resize(z.total_out);
    deflateEnd(&z);
    if (state != Z_STREAM_END) throw std::runtime_error("zlib does not finish");
    return out;
}

std::uint32_t crc_of(const std::string& text) {
    return static_cast<std::uint32_t>(
        crc32_z(0, reinterpret_cast<const unsigned char*>(text.data()), text.size()));
}

std::string descriptor_of(const ZipPart& part, std::uint32_t crc, std::uint64_t packed,
                          std::uint64_t size) {
    const Descriptor kind = part.descriptor;
    if (kind == Descriptor::none) return {};
    const bool is_signed = kind == Descriptor::signed32 || kind == Descriptor::signed64;
    const bool is_wide = kind == Descriptor::plain64 || kind == Descriptor::signed64;
    std::string out = is_signed ? "PK\x07\x08" : "";
    out += raw(crc);
    if (is_wide) return out + raw(packed) + raw(size);
    return out + raw(static_cast<std::uint32_t>(packed)) + raw(static_cast<std::uint32_t>(size));
}

}  // namespace

std::string zip_file(const std::vector<ZipPart>& parts, const ZipEnd& end) {
    std::string out;
    std::string directory;
    for (const ZipPart& part : parts) {
        const std::string data = part.deflate ? deflated(part.contents) : part.contents;
        const std::uint32_t crc = part.crc.value_or(crc_of(part.contents));
        const std::uint64_t size = part.size.value_or(part.contents.size());
        const std::uint64_t packed = part.deflate ? data.size() : size;
        const bool late = part.descriptor != Descriptor::none;
        const auto flags = static_cast<std::uint16_t>(part.flags | (late ? 8U : 0U));
        const auto right_method = static_cast<std::uint16_t>(part.deflate ? 8 : 0);
        const std::uint16_t method = part.method.value_or(right_method);
        const std::string own_name = part.own_name.value_or(part.name);
        const auto header = part.header.value_or(static_cast<std::uint32_t>(out.size()));
        const auto narrow = [&](std::uint64_t value) {
            return raw(part.zip64_fields ? saturated : static_cast<std::uint32_t>(value));
        };
        const auto length = [](const std::string& text) {
            return raw(static_cast<std::uint16_t>(text.size()));
        };
        const auto zip64 = [&](const std::string& body) {
            if (!part.zip64_fields) return std::string();
            return raw(std::uint16_t{1}) + length(body) + body;
        };
        const std::string common = raw(flags) + raw(method) + std::string(4, '\0');

        const std::string own_extra = zip64(raw(size) + raw(packed));
        out += "PK\x03\x04" + raw(std::uint16_t{45}) + common;
        out += late ? std::string(12, '\0') : raw(crc) + narrow(packed) + narrow(size);
        out += length(own_name) + length(own_extra) + own_name + own_extra + data;
        out += descriptor_of(part, crc, packed, size);

        const std::string extra = zip64(raw(size) + raw(packed) + raw(std::uint64_t{header}));
        directory += "PK\x01\x02" + raw(std::uint16_t{45}) + raw(std::uint16_t{45}) + common;
        directory += raw(crc) + narrow(packed) + narrow(size);
        directory += length(part.name) + length(extra) + std::string(10, '\0');
        directory += narrow(header) + part.name + extra;
    }
    const std::uint64_t begin = out.size() + static_cast<std::uint64_t>(end.shift);
    const auto entries = end.entries.value_or(static_cast<std::uint16_t>(parts.size()));
    out += directory;
    if (end.zip64) {
        const std::uint64_t at = out.size();
        out += "PK\x06\x06" + raw(std::uint64_t{44}) + raw(std::uint16_t{45}) +
               raw(std::uint16_t{45}) + raw(std::uint64_t{0}) + raw(std::uint64_t{entries}) +
               raw(std::uint64_t{entries}) + raw(std::uint64_t{directory.size()}) + raw(begin);
        out += "PK\x06\x07" + raw(std::uint32_t{0}) + raw(at) + raw(std::uint32_t{1});
    }
    out += "PK\x05\x06" + raw(end.disk) + raw(end.disk) + raw(entries) + raw(entries);
    out += raw(static_cast<std::uint32_t>(directory.size()));
    out += end.zip64 ? raw(saturated) : raw(static_cast<std::uint32_t>(begin));
    return out + raw(static_cast<std::uint16_t>(end.comment.size())) + end.comment;
}

}  // namespace cytofleet::test
