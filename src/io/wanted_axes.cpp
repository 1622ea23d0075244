#include "io/wanted_axes.hpp"

#include <algorithm>
#include <charconv>
#include <functional>
#include <iterator>

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"

namespace cytofleet {
namespace {

constexpr std::string_view letters = "TCZYXS";
constexpr std::int64_t largest = std::int64_t{1} << 31;

[[noreturn]] void unfit(const std::string& problem) {
    throw Error(ErrorKind::input, problem);
}

std::string letters_of(const WantedAxes& wanted) {
    std::string out;
    for (const auto& [letter, size] : wanted.axes) {
        out += letter;
        if (size) out += std::to_string(*size);
    }
    return out;
}

std::int64_t product_of(const AxisSizes& axes) {
    std::int64_t out = 1;
    for (const auto& [letter, size] : axes) out *= size;  // an image that was opened: no overflow
    return out;
}

bool inside_page(const std::pair<char, std::int64_t>& axis) {
    return axis.first == 'Y' || axis.first == 'X' || axis.first == 'S';
}

/// Sizes that were given, and the one that was not.
AxisSizes with_sizes(WantedAxes wanted, const AxisSizes& known) {
    // The image's own axes keep their sizes where others were given.
    if (std::ranges::count_if(wanted.axes, [](const auto& axis) { return !axis.second; }) > 1) {
        for (auto& [letter, size] : wanted.axes) {
            const auto found = std::ranges::find(known, letter, &AxisSizes::value_type::first);
            if (!size && found != known.end() && inside_page(*found)) size = found->second;
        }
    }
    const std::int64_t all = product_of(known);
    std::int64_t given = 1;
    std::int64_t open = 0;
    for (const auto& [letter, size] : wanted.axes) {
        if (!size)
            ++open;
        else if (given > all / *size)
            given = all + 1;
        else
            given *= *size;
    }
    if (open > 1 || (open == 0 ? given != all : all % given != 0))
        unfit(
            fmt::format("has {}, which cannot be --axes {}: give each letter but one a size, so "
                        "that their product is that of the file",
                        known.empty() ? "one plane" : text_of(known), letters_of(wanted)));
    AxisSizes out;
    for (const auto& [letter, size] : wanted.axes)
        out.emplace_back(letter, size.value_or(all / given));
    return out;
}

/// The letters in the order of the file's axes; letters beyond them have the size 1.
AxisSizes in_order(const WantedAxes& wanted, const AxisSizes& known, bool guessed) {
    AxisSizes out;
    const bool same = wanted.axes.size() == known.size();
    std::size_t at = 0;
    for (const auto& [letter, unused] : wanted.axes) {
        const bool next = at < known.size() && (same || known[at].first == letter);
        out.emplace_back(letter, next ? known[at].second : 1);
        at += next ? 1U : 0U;
    }
    const bool clear = same || known.empty() || !guessed;
    if (at < known.size() || !clear)
        unfit(
            fmt::format("has {}, which --axes {} does not tell apart: give a letter for each of "
                        "its axes, or sizes, such as --axes T6C2",
                        text_of(known), letters_of(wanted)));
    return out;
}

AxisSizes fit(const WantedAxes& wanted, const AxisSizes& known, bool guessed) {
    return wanted.sized() ? with_sizes(wanted, known) : in_order(wanted, known, guessed);
}

}  // namespace

std::int64_t size_in(const AxisSizes& axes, char letter) {
    const auto found = std::ranges::find(axes, letter, &AxisSizes::value_type::first);
    return found == axes.end() ? 1 : found->second;
}

bool WantedAxes::has(char letter) const {
    return std::ranges::any_of(axes, [&](const auto& axis) { return axis.first == letter; });
}

bool WantedAxes::sized() const {
    return std::ranges::any_of(axes, [](const auto& axis) { return axis.second.has_value(); });
}

WantedAxes parse_axes(std::string_view text) {
    const auto wrong = [&] {
        return Error(ErrorKind::usage,
                     fmt::format("--axes is {}; it takes the letters of the axes, slowest first, "
                                 "each of T C Z Y X S at most once, such as T, TCYX or T6C2",
                                 printable(text)));
    };
    WantedAxes out;
    for (std::size_t i = 0; i < text.size();) {
        const char c = text[i];
        const char letter = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
        if (letters.find(letter) == std::string_view::npos || out.has(letter)) throw wrong();
        ++i;
        std::optional<std::int64_t> size;
        if (i < text.size() && text[i] >= '0' && text[i] <= '9') {
            std::int64_t value = 0;
            const auto [end, error] =
                std::from_chars(text.data() + i, text.data() + text.size(), value);
            if (error != std::errc() || value < 1 || value > largest) throw wrong();
            size = value;
            i = static_cast<std::size_t>(end - text.data());
        }
        out.axes.emplace_back(letter, size);
    }
    if (out.axes.empty() || out.has('Y') != out.has('X') || (out.has('S') && !out.has('Y')))
        throw wrong();
    return out;
}

AxisSizes fit_axes(const WantedAxes& wanted, const AxisSizes& known, bool guessed) {
    if (!wanted.has('Y')) {
        // What lies inside a page stays; the planes' axes get new letters.
        AxisSizes planes;
        std::ranges::copy_if(known, std::back_inserter(planes), std::not_fn(inside_page));
        AxisSizes out = fit(wanted, planes, guessed);
        std::ranges::copy_if(known, std::back_inserter(out), inside_page);
        return out;
    }
    // Colours stay what they are, unless a letter stands in their place.
    const auto sample = std::ranges::find(known, 'S', &AxisSizes::value_type::first);
    const bool behind = sample != known.end() && std::next(sample) == known.end();
    const bool keep = sample != known.end() && !wanted.has('S') &&
                      (behind ? wanted.axes.back().first == 'X'
                              : (sample->second == 3 || sample->second == 4) && !wanted.has('C'));
    if (!keep) return fit(wanted, known, guessed);
    AxisSizes rest;
    std::ranges::copy_if(known, std::back_inserter(rest),
                         [](const auto& axis) { return axis.first != 'S'; });
    AxisSizes out = fit(wanted, rest, guessed);
    const auto place = behind ? out.end() : std::ranges::find_if(out, inside_page);
    out.insert(place, *sample);
    return out;
}

std::string text_of(const AxisSizes& axes) {
    std::string out;
    for (const auto& [letter, size] : axes)
        out += fmt::format("{}{} {}", out.empty() ? "" : ", ", letter, size);
    return out;
}

}  // namespace cytofleet
