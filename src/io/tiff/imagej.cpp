#include "io/tiff/imagej.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "io/tiff/units.hpp"

namespace cytofleet {
namespace {

constexpr std::uint32_t magic_ij = 0x494A494A;     // "IJIJ"
constexpr std::uint32_t labels_kind = 0x6C61626C;  // "labl"

std::map<std::string, std::string, std::less<>> key_values(std::string_view text) {
    std::map<std::string, std::string, std::less<>> values;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find_first_of("\r\n"), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        const std::size_t equals = line.find('=');
        if (equals == std::string_view::npos) continue;
        values.emplace(line.substr(0, equals), line.substr(equals + 1));
    }
    return values;
}

void append_utf8(std::string& out, std::uint32_t point) {
    if (point < 0x80U) {
        out += static_cast<char>(point);
    } else if (point < 0x800U) {
        out += static_cast<char>(0xC0U | point >> 6U);
        out += static_cast<char>(0x80U | (point & 0x3FU));
    } else if (point < 0x10000U) {
        out += static_cast<char>(0xE0U | point >> 12U);
        out += static_cast<char>(0x80U | (point >> 6U & 0x3FU));
        out += static_cast<char>(0x80U | (point & 0x3FU));
    } else {
        out += static_cast<char>(0xF0U | point >> 18U);
        out += static_cast<char>(0x80U | (point >> 12U & 0x3FU));
        out += static_cast<char>(0x80U | (point >> 6U & 0x3FU));
        out += static_cast<char>(0x80U | (point & 0x3FU));
    }
}

std::string utf16_text(ByteReader& reader, std::uint64_t bytes) {
    std::string out;
    for (std::uint64_t i = 0; i + 2 <= bytes; i += 2) {
        std::uint32_t point = reader.read<std::uint16_t>();
        if (point >= 0xD800U && point < 0xDC00U && i + 4 <= bytes) {
            const std::uint32_t low = reader.read<std::uint16_t>();
            i += 2;
            point = 0x10000U + ((point & 0x3FFU) << 10U) + (low & 0x3FFU);
        }
        append_utf8(out, point);
    }
    if (bytes % 2 == 1) reader.skip(1);
    return out;
}

}  // namespace

std::optional<ImageJDescription> parse_imagej(std::string_view description) {
    if (!description.starts_with("ImageJ=") && !description.starts_with("SCIFIO=")) {
        return std::nullopt;
    }
    const auto values = key_values(description);
    const auto number = [&](std::string_view key) -> std::optional<double> {
        const auto found = values.find(key);
        return found == values.end() ? std::nullopt : to_number(found->second);
    };
    const auto count = [&](std::string_view key) -> std::int64_t {
        const double value = number(key).value_or(1.0);
        // Larger counts cannot be in a file; to_number may also give NaN.
        return value >= 1.0 && value < 1e12 ? static_cast<std::int64_t>(value) : 1;
    };
    ImageJDescription out;
    out.images = count("images");
    out.channels = count("channels");
    out.slices = count("slices");
    out.frames = count("frames");
    if (const auto order = values.find("order"); order != values.end()) {
        // "zct" names the fastest first.
        std::string axes = lower(order->second);
        std::reverse(axes.begin(), axes.end());
        std::string sorted = axes;
        std::sort(sorted.begin(), sorted.end());
        if (sorted == "ctz") {
            std::transform(axes.begin(), axes.end(), axes.begin(),
                           [](char c) { return static_cast<char>(c - 'a' + 'A'); });
            out.order = axes;
        }
    }
    if (const auto unit = values.find("unit"); unit != values.end()) out.unit = unit->second;
    out.spacing = number("spacing");
    const auto interval = number("finterval");
    const auto unit = values.find("tunit");
    if (interval) {
        out.frame_interval =
            positive(*interval, unit == values.end() ? 1.0 : seconds_per(unit->second));
    }
    return out;
}

std::vector<std::string> imagej_labels(std::span<const std::uint64_t> counts,
                                       std::span<const std::byte> data, ByteOrder order) {
    // The block begins with the magic number and one (kind, number of values) pair per kind;
    // counts[0] is the size of that header, counts[1..] the bytes of each value.
    std::vector<std::string> labels;
    try {
        if (counts.empty() || data.size() < 4) return {};
        ByteReader reader(data, "ImageJ metadata", order);
        if (reader.read<std::uint32_t>() != magic_ij) return {};
        std::vector<std::pair<std::uint32_t, std::uint32_t>> kinds;
        for (std::uint64_t at = 4; at + 8 <= counts[0]; at += 8) {
            const auto kind = reader.read<std::uint32_t>();
            kinds.emplace_back(kind, reader.read<std::uint32_t>());
        }
        std::size_t value = 1;
        for (const auto& [kind, number] : kinds) {
            for (std::uint32_t i = 0; i < number && value < counts.size(); ++i, ++value) {
                if (kind == labels_kind) {
                    labels.push_back(utf16_text(reader, counts[value]));
                } else {
                    reader.skip(counts[value]);
                }
            }
        }
    } catch (const Error&) {
        return {};
    }
    return labels;
}

}  // namespace cytofleet
