#include <algorithm>
#include <cstring>
#include <limits>

#include <fmt/format.h>
#include <zlib.h>

#include "base/byte_reader.hpp"
#include "base/byte_writer.hpp"
#include "base/error.hpp"
#include "io/mask_writer.hpp"

namespace cytofleet {
namespace {

constexpr std::int64_t strip_bytes = 262144;  // as the seed application's files have it
constexpr int level = 6;                      // fixed: the same bytes everywhere
constexpr std::uint32_t mark = 0x4c505443;    // "CTPL"
constexpr std::int64_t largest_side = std::int64_t{1} << 31;

std::vector<std::byte> deflated(std::span<const std::byte> raw) {
    uLongf size = compressBound(static_cast<uLong>(raw.size()));
    std::vector<std::byte> out(size);
    const int done = compress2(reinterpret_cast<Bytef*>(out.data()), &size,
                               reinterpret_cast<const Bytef*>(raw.data()),
                               static_cast<uLong>(raw.size()), level);
    ensure(done == Z_OK, "zlib has room to deflate");
    out.resize(size);
    out.shrink_to_fit();  // strips of a frame wait for each other
    return out;
}

template <typename T>
std::vector<std::byte> narrowed(std::span<const std::uint32_t> labels) {
    std::vector<std::byte> out(labels.size() * sizeof(T));
    for (std::size_t i = 0; i < labels.size(); ++i) {
        const T value = static_cast<T>(labels[i]);
        std::memcpy(out.data() + i * sizeof(T), &value, sizeof(T));
    }
    return out;
}

template <typename T>
void widen(std::span<const std::byte> raw, std::span<std::uint32_t> labels) {
    for (std::size_t i = 0; i < labels.size(); ++i) {
        T value;
        std::memcpy(&value, raw.data() + i * sizeof(T), sizeof(T));
        labels[i] = value;
    }
}

[[noreturn]] void damaged() {
    throw Error(ErrorKind::input, "a compressed plane is damaged");
}

}  // namespace

std::int64_t EncodedPlane::rows_per_strip() const {
    const std::int64_t row_bytes = width * (wide ? 4 : 2);
    return std::clamp<std::int64_t>(strip_bytes / std::max<std::int64_t>(1, row_bytes), 1,
                                    std::max<std::int64_t>(1, height));
}

EncodedPlane encode_plane(const LabelImage& labels, bool wide) {
    EncodedPlane out;
    out.height = labels.height;
    out.width = labels.width;
    out.wide = wide || labels.largest > std::numeric_limits<std::uint16_t>::max();
    const std::int64_t rows = out.rows_per_strip();
    for (std::int64_t y = 0; y < labels.height; y += rows) {
        const std::int64_t count = std::min(rows, labels.height - y);
        const auto part = std::span(labels.labels)
                              .subspan(static_cast<std::size_t>(y * labels.width),
                                       static_cast<std::size_t>(count * labels.width));
        out.strips.push_back(
            deflated(out.wide ? narrowed<std::uint32_t>(part) : narrowed<std::uint16_t>(part)));
    }
    return out;
}

bool can_hold(const EncodedPlane& plane) {
    constexpr std::int64_t most_packed = 1032;  // bytes that deflate can pack into one
    const std::int64_t rows = plane.rows_per_strip();
    if ((plane.height + rows - 1) / rows != std::ssize(plane.strips)) return false;
    std::int64_t packed = 0;
    for (const auto& strip : plane.strips) packed += std::ssize(strip);
    // As real numbers: sides of 2^31 are within what a file may claim.
    return static_cast<double>(plane.height) * static_cast<double>(plane.width) *
               (plane.wide ? 4 : 2) <=
           static_cast<double>(most_packed) * static_cast<double>(packed);
}

LabelImage decode_plane(const EncodedPlane& plane) {
    if (!can_hold(plane)) damaged();
    LabelImage out{plane.height, plane.width, {}, 0, 0};
    out.labels.resize(static_cast<std::size_t>(plane.height * plane.width));
    const std::int64_t row_bytes = plane.width * (plane.wide ? 4 : 2);
    const std::int64_t rows = plane.rows_per_strip();
    std::int64_t y = 0;
    for (const auto& strip : plane.strips) {
        const std::int64_t count = std::min(rows, plane.height - y);
        std::vector<std::byte> raw(static_cast<std::size_t>(count * row_bytes));
        auto size = static_cast<uLongf>(raw.size());
        const int done = uncompress(reinterpret_cast<Bytef*>(raw.data()), &size,
                                    reinterpret_cast<const Bytef*>(strip.data()),
                                    static_cast<uLong>(strip.size()));
        if (done != Z_OK || size != raw.size()) damaged();
        const auto part = std::span(out.labels)
                              .subspan(static_cast<std::size_t>(y * plane.width),
                                       static_cast<std::size_t>(count * plane.width));
        if (plane.wide)
            widen<std::uint32_t>(raw, part);
        else
            widen<std::uint16_t>(raw, part);
        y += count;
    }
    count_cells(out);
    return out;
}

std::vector<std::byte> to_bytes(const EncodedPlane& plane) {
    ByteWriter out;
    out.write(mark);
    out.write(plane.height);
    out.write(plane.width);
    out.write(static_cast<std::uint8_t>(plane.wide ? 1 : 0));
    out.write(static_cast<std::uint64_t>(plane.strips.size()));
    for (const auto& strip : plane.strips) {
        out.write(static_cast<std::uint64_t>(strip.size()));
        out.append(strip);
    }
    return out.take();
}

EncodedPlane plane_from_bytes(std::span<const std::byte> bytes) {
    ByteReader in(bytes, "a compressed plane");
    EncodedPlane out;
    if (in.read<std::uint32_t>() != mark) damaged();
    out.height = in.read<std::int64_t>();
    out.width = in.read<std::int64_t>();
    if (out.height < 0 || out.width < 0 || out.height > largest_side || out.width > largest_side)
        damaged();
    out.wide = in.read<std::uint8_t>() != 0;
    for (auto left = in.read<std::uint64_t>(); left > 0; --left) {
        const auto strip = in.take(in.read<std::uint64_t>());
        out.strips.emplace_back(strip.begin(), strip.end());
    }
    if (in.left() > 0) damaged();
    return out;
}

}  // namespace cytofleet
