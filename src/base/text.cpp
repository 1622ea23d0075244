#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>

namespace cytofleet {
namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Length of the valid UTF-8 sequence at the front of `text`, 0 if there is none.
std::size_t utf8_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(0);
    if (first < 0x80) return 1;
    const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || length > text.size()) return 0;
    for (std::size_t i = 1; i < length; ++i)
        if ((byte(i) & 0xc0) != 0x80) return 0;
    if ((first == 0xe0 && byte(1) < 0xa0) || (first == 0xed && byte(1) > 0x9f) ||
        (first == 0xf0 && byte(1) < 0x90) || (first == 0xf4 && byte(1) > 0x8f))
        return 0;
    return length;
}

/// The code point of the valid sequence that `text` is.
char32_t code_point(std::string_view text) {
    const auto first = static_cast<unsigned char>(text[0]);
    if (text.size() == 1) return first;
    auto out = static_cast<char32_t>(first & (0x7fU >> text.size()));
    for (const char next : text.substr(1))
        out = (out << 6) | (static_cast<unsigned char>(next) & 0x3fU);
    return out;
}

/// What commands a terminal, turns lines round, breaks them, or is no character of XML.
bool is_hidden(char32_t c) {
    const auto within = [c](char32_t from, char32_t to) { return c >= from && c <= to; };
    return c < 0x20 || within(0x7f, 0x9f) || c == 0x61c || within(0x200e, 0x200f) ||
           within(0x2028, 0x202e) || within(0x2066, 0x206f) || within(0xfffe, 0xffff);
}

/// The run of digits at `at` without its leading zeros; `at` moves behind it.
std::string_view number_at(std::string_view text, std::size_t& at) {
    while (at + 1 < text.size() && text[at] == '0' && is_digit(text[at + 1])) ++at;
    const std::size_t begin = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    return text.substr(begin, at - begin);
}

}  // namespace

std::string printable(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        const std::string_view next = text.substr(0, std::max<std::size_t>(length, 1));
        if (length == 0 || is_hidden(code_point(next))) {
            for (const char byte : next)
                out += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
        } else {
            out += next;
        }
        text.remove_prefix(next.size());
    }
    return out;
}

std::string printable_lines(std::string_view text) {
    std::string out;
    std::size_t begin = 0;
    for (std::size_t i = 0; i <= text.size(); ++i) {
        if (i < text.size() && text[i] != '\n' && text[i] != '\t') continue;
        out += printable(text.substr(begin, i - begin));
        if (i < text.size()) out += text[i];
        begin = i + 1;
    }
    return out;
}

std::string show(const std::filesystem::path& path) {
    return printable(path.native());
}

bool natural_less(std::string_view a, std::string_view b) {
    std::size_t i = 0;
    std::size_t j = 0;
    while (i < a.size() && j < b.size()) {
        if (is_digit(a[i]) && is_digit(b[j])) {
            const auto x = number_at(a, i);
            const auto y = number_at(b, j);
            if (x.size() != y.size()) return x.size() < y.size();
            if (x != y) return x < y;
        } else {
            if (a[i] != b[j])
                return static_cast<unsigned char>(a[i]) < static_cast<unsigned char>(b[j]);
            ++i;
            ++j;
        }
    }
    const std::size_t rest_a = a.size() - i;
    const std::size_t rest_b = b.size() - j;
    return rest_a != rest_b ? rest_a < rest_b : a < b;
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> parts;
    while (true) {
        const auto end = text.find(separator);
        parts.emplace_back(text.substr(0, end));
        if (end == std::string_view::npos) return parts;
        text.remove_prefix(end + 1);
    }
}

std::string count_of(std::uint64_t count, std::string_view thing) {
    return fmt::format("{} {}{}", count, thing, count == 1 ? "" : "s");
}

std::string ranges_of(std::span<const std::int64_t> numbers) {
    constexpr int most_ranges = 8;
    std::vector<std::string> ranges;
    std::size_t at = 0;
    while (at < numbers.size() && ranges.size() < most_ranges) {
        std::size_t last = at;
        while (last + 1 < numbers.size() && numbers[last + 1] == numbers[last] + 1) ++last;
        ranges.push_back(last == at ? std::to_string(numbers[at])
                                    : fmt::format("{} to {}", numbers[at], numbers[last]));
        at = last + 1;
    }
    const std::size_t left = numbers.size() - at;
    if (left > 0) ranges.push_back(fmt::format("{} more", left));
    std::string out;
    for (std::size_t i = 0; i < ranges.size(); ++i) {
        const bool is_last = i + 1 == ranges.size();
        out += (i == 0 ? "" : is_last ? " and " : ", ") + ranges[i];
    }
    return out;
}

std::string human_bytes(std::uint64_t bytes) {
    static constexpr std::array units{"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (value >= 1000 && unit + 1 < units.size()) {
        value /= 1000;
        ++unit;
    }
    return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, units[unit]);
}

}  // namespace cytofleet
