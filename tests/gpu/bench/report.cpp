#include "gpu/bench/report.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>

#include <fmt/format.h>

#include "base/error.hpp"

namespace cytofleet::bench {
namespace {

constexpr const char* bars = "bars";

/// Four digits at least, and no exponent, so that columns can be compared by eye.
std::string text_of(double number) {
    if (!std::isfinite(number)) return "not a number";
    const double size = std::abs(number);
    if (number == std::floor(number) && size < 1e12) return fmt::format("{:.0f}", number);
    if (size > 0 && size < 1e-3) return fmt::format("{:.2e}", number);
    return fmt::format("{:.{}f}", number, size >= 1000 ? 0 : (size >= 10 ? 1 : 3));
}

std::string text_of(const Value& value) {
    if (const auto* number = std::get_if<double>(&value)) return text_of(*number);
    if (const auto* text = std::get_if<std::string>(&value)) return *text;
    return "-";
}

std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\')
            (out += '\\') += c;
        else if (static_cast<unsigned char>(c) < 0x20)
            out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        else
            out += c;
    }
    return out + '"';
}

std::string json_of(const Value& value) {
    const auto* number = std::get_if<double>(&value);
    if (number != nullptr && std::isfinite(*number)) return fmt::format("{}", *number);
    if (const auto* text = std::get_if<std::string>(&value)) return quoted(*text);
    return "null";
}

}  // namespace

void Report::add(const std::string& section, Fields fields) {
    auto found = std::ranges::find(sections_, section, &Section::name);
    if (found == sections_.end()) {
        // The bars stay last, where people look.
        const bool behind = !sections_.empty() && sections_.back().name == bars;
        found = sections_.insert(behind ? sections_.end() - 1 : sections_.end(), {section, {}});
    }
    found->rows.push_back(std::move(fields));
}

void Report::bar(const std::string& what, std::optional<double> got, double wanted, bool at_least,
                 const std::string& unit, const std::string& why) {
    const bool met = got && (at_least ? *got >= wanted : *got <= wanted);
    add(bars, {{"what", what},
               {"measured", value_of(got)},
               {"wanted", fmt::format("{} {} {}", at_least ? ">=" : "<=", wanted, unit)},
               {"verdict", got ? std::string(met ? "met" : "missed") : "not judged: " + why}});
}

void Report::wrong(const std::string& what) {
    wrong_.push_back(what);
}

std::string Report::table() const {
    std::string out;
    for (const Section& section : sections_) {
        const Fields& names = section.rows.front();
        std::vector<std::size_t> widths;
        for (std::size_t i = 0; i < names.size(); ++i) {
            widths.push_back(names[i].first.size());
            for (const Fields& row : section.rows)
                widths[i] = std::max(widths[i], text_of(row.at(i).second).size());
        }
        const auto line = [&](const auto& cell) {
            std::string text;
            for (std::size_t i = 0; i < names.size(); ++i)
                text += fmt::format("  {:<{}}", cell(i), widths[i]);
            out += text.substr(0, text.find_last_not_of(' ') + 1) + '\n';
        };
        out += fmt::format("\n{}\n", section.name);
        line([&](std::size_t i) { return names[i].first; });
        for (const Fields& row : section.rows)
            line([&](std::size_t i) { return text_of(row.at(i).second); });
    }
    for (const std::string& what : wrong_) out += fmt::format("\nWRONG: {}\n", what);
    return out;
}

void Report::write_json(const std::filesystem::path& file) const {
    std::string out = "{";
    for (const Section& section : sections_) {
        out += fmt::format("{}:[", quoted(section.name));
        for (const Fields& row : section.rows) {
            out += "\n {";
            for (const auto& [name, value] : row)
                out += fmt::format("{}:{},", quoted(name), json_of(value));
            out.back() = '}';
            out += ',';
        }
        out.back() = ']';
        out += ",\n";
    }
    out += "\"wrong\":[";
    for (const std::string& what : wrong_) out += quoted(what) + ',';
    if (!wrong_.empty()) out.pop_back();
    out += "]}\n";
    std::ofstream stream(file, std::ios::binary);
    stream << out;
    if (!stream.flush())
        throw Error(
            ErrorKind::output,
            fmt::format("{}: cannot be written; name another file with --json", file.string()));
}

}  // namespace cytofleet::bench
