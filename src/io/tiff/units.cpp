#include "io/tiff/units.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <span>
#include <string>
#include <utility>

#include "base/text.hpp"

namespace cytofleet {
namespace {

using Unit = std::pair<std::string_view, double>;

constexpr auto lengths = std::to_array<Unit>({
    {"pm", 1e-6},
    {"\xC3\x85", 1e-4},      // U+00C5, A with ring
    {"\xE2\x84\xAB", 1e-4},  // U+212B, the angstrom sign
    {"\xC5", 1e-4},          // Latin-1
    {"angstrom", 1e-4},
    {"nm", 1e-3},
    {"nanometer", 1e-3},
    {"um", 1.0},
    {"micron", 1.0},
    {"microns", 1.0},
    {"micrometer", 1.0},
    {"micrometers", 1.0},
    {"micrometre", 1.0},
    {"micrometres", 1.0},
    {"mm", 1e3},
    {"millimeter", 1e3},
    {"cm", 1e4},
    {"centimeter", 1e4},
    {"dm", 1e5},
    {"m", 1e6},
    {"meter", 1e6},
    {"km", 1e9},
    {"thou", 25.4},
    {"li", 25400.0 / 12.0},
    {"in", 25400.0},
    {"inch", 25400.0},
    {"ft", 304800.0},
});

constexpr auto times = std::to_array<Unit>({
    {"ps", 1e-12},
    {"ns", 1e-9},
    {"us", 1e-6},
    {"ms", 1e-3},
    {"msec", 1e-3},
    {"s", 1.0},
    {"sec", 1.0},
    {"seconds", 1.0},
    {"second", 1.0},
    {"min", 60.0},
    {"minutes", 60.0},
    {"minute", 60.0},
    {"h", 3600.0},
    {"hour", 3600.0},
    {"hours", 3600.0},
    {"d", 86400.0},
});

// Lower case, blanks trimmed, and every way to write micro as "u".
std::string plain(std::string_view unit) {
    while (!unit.empty() && (unit.front() == ' ' || unit.front() == '\t')) unit.remove_prefix(1);
    while (!unit.empty() && (unit.back() == ' ' || unit.back() == '\t' || unit.back() == '\r')) {
        unit.remove_suffix(1);
    }
    for (const std::string_view micro :
         {"\xC2\xB5", "\xCE\xBC", "\xB5", "\\u00B5", "\\u00b5", "\\u03BC", "\\u03bc"}) {
        if (unit.substr(0, micro.size()) == micro) {
            std::string out = "u";
            return out += lower(unit.substr(micro.size()));
        }
    }
    return lower(unit);
}

std::optional<double> look_up(std::span<const Unit> table, std::string_view unit) {
    const std::string name = plain(unit);
    for (const auto& [known, factor] : table) {
        if (name == lower(known)) return factor;
    }
    return std::nullopt;
}

}  // namespace

std::optional<double> micrometres_per(std::string_view unit) {
    return look_up(lengths, unit);
}

std::optional<double> seconds_per(std::string_view unit) {
    return look_up(times, unit);
}

std::optional<double> positive(double value, std::optional<double> factor) {
    if (!factor) return std::nullopt;
    const double result = value * *factor;
    if (!std::isfinite(result) || result <= 0.0) return std::nullopt;
    return result;
}

std::optional<double> to_number(std::string_view text) {
    const std::size_t start = text.find_first_not_of(" \t+");
    if (start == std::string_view::npos) return std::nullopt;
    double value = 0.0;
    const auto [end, error] =
        std::from_chars(text.data() + start, text.data() + text.size(), value);
    if (error != std::errc()) return std::nullopt;
    return value;
}

}  // namespace cytofleet
