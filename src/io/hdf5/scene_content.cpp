#include "io/hdf5/scene_content.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/byte_writer.hpp"
#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"

namespace cytofleet::hdf5 {
namespace {

constexpr std::size_t longest_reason = 255;

bool makes_sense(const std::optional<double>& size) {
    return size && std::isfinite(*size) && *size > 0;
}

/// The plugin of ImageJ that reads the attribute takes 1 for what is not known; so do we for Z.
std::optional<std::array<float, 3>> element_size(const PixelSize& size) {
    if (!makes_sense(size.x) || !makes_sense(size.y)) return std::nullopt;
    const auto narrow = [](double value) { return static_cast<float>(value); };
    return std::array<float, 3>{narrow(makes_sense(size.z) ? *size.z : 1.0), narrow(*size.y),
                                narrow(*size.x)};
}

/// Cut so that no character of UTF-8 is left in halves.
std::string short_reason(const std::string& reason) {
    std::string text = printable(reason);
    if (text.size() <= longest_reason) return text;
    std::size_t end = longest_reason;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
    return text.substr(0, end);
}

template <typename T>
std::uint32_t count_labels(std::span<const std::byte> pixels) {
    std::vector<bool> seen;
    std::uint32_t cells = 0;
    T before = 0;
    for (std::size_t at = 0; at < pixels.size(); at += sizeof(T)) {
        T label;
        std::memcpy(&label, pixels.data() + at, sizeof(T));
        if (label == before || label == 0) continue;
        before = label;
        if (label >= seen.size()) seen.resize(label + std::size_t{1});
        if (!seen[label]) ++cells;
        seen[label] = true;
    }
    return cells;
}

}  // namespace

std::uint32_t count_cells(std::span<const std::byte> pixels, bool wide) {
    return wide ? count_labels<std::uint32_t>(pixels) : count_labels<std::uint16_t>(pixels);
}

SceneContent content_of(const Hdf5Scene& scene) {
    const SceneInfo& in = scene.input;
    ensure(in.t > 0 && in.y > 0 && in.x > 0 && std::ssize(scene.planes) == in.t,
           "a scene has frames, pixels and a state for each frame");
    SceneContent out;
    out.t = in.t;
    out.y = in.y;
    out.x = in.x;
    out.wide = scene.wide;
    out.element_size = element_size(in.pixel_size);
    if (makes_sense(in.time_increment)) out.interval = in.time_increment;
    if (std::ssize(in.frame_times) == in.t &&
        std::ranges::all_of(in.frame_times, [](double time) { return std::isfinite(time); }))
        out.times = in.frame_times;
    for (const auto& [name, text] : scene.provenance) {
        ensure(!name.empty() && name == printable(name) && name != format_attribute &&
                   name != contents_attribute,
               "provenance has names that an attribute can have");
        ensure(out.provenance.emplace(name, printable_lines(text)).second,
               "provenance has each name once");
    }
    out.facts.resize(scene.planes.size());
    for (const auto& plane : scene.planes) {
        out.planes.push_back({plane.state, short_reason(plane.reason)});
    }
    return out;
}

std::string sha256_of(const SceneContent& content) {
    ByteWriter out;
    for (const std::int64_t size : {content.t, content.y, content.x}) out.write(size);
    out.write(static_cast<std::uint8_t>(content.wide ? 1 : 0));
    for (const float value : content.element_size.value_or(std::array<float, 3>{}))
        out.write(value);
    out.write(content.interval.value_or(0.0));
    out.write(static_cast<std::uint64_t>(content.provenance.size()));
    for (const auto& [name, text] : content.provenance) {
        out.write_text(name);
        out.write_text(text);
    }
    for (std::size_t i = 0; i < content.planes.size(); ++i) {
        out.write(content.facts[i].checksum);
        out.write(content.facts[i].cells);
        out.write(static_cast<std::uint8_t>(content.planes[i].state));
        out.write_text(content.planes[i].reason);
    }
    for (const double time : content.times) out.write(time);
    Sha256 hash;
    hash.update(out.take());
    return hash.hex();
}

}  // namespace cytofleet::hdf5
