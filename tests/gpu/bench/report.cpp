#include "gpu/bench/report.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "base/error.hpp"

namespace cytofleet::bench {
namespace {

constexpr const char* bars = "bars";

void print(const std::string& text) {
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
}

std::string json_list(const std::vector<std::string>& lines) {
    std::string out;
    for (const std::string& line : lines) out += (out.empty() ? "" : ",") + quoted(line);
    return '[' + out + ']';
}

/// Under another name first: the file is old or new, never half. A kill of the program needs no
/// fsync. Returns what went wrong.
std::string replace(const std::filesystem::path& file, const std::string& text) {
    std::filesystem::path beside = file;
    beside += ".tmp";
    std::ofstream stream(beside, std::ios::binary | std::ios::trunc);
    stream << text;
    stream.close();
    std::error_code problem;
    if (stream) std::filesystem::rename(beside, file, problem);
    if (stream && !problem) return {};
    return fmt::format("{}: cannot be written; name another file with --json", file.string());
}

}  // namespace

Report::Report(std::filesystem::path json) : file_(std::move(json)) {
    save();
    if (!unsaved_.empty()) throw Error(ErrorKind::output, unsaved_);
}

Report::Section& Report::section_of(const std::string& name) {
    auto found = std::ranges::find(sections_, name, &Section::name);
    if (found == sections_.end()) found = sections_.insert(found, Section{name, {}, {}});
    return *found;
}

void Report::print_header(Section& section) {
    const Fields& first = section.rows.front();
    section.widths.resize(first.size());
    for (std::size_t i = 0; i < first.size(); ++i) {
        // Later rows' texts are often longer than the first one's.
        section.widths[i] = std::holds_alternative<std::string>(first[i].second) ? 15 : 8;
        for (const Fields& row : section.rows)
            section.widths[i] = std::max(
                {section.widths[i], first[i].first.size(), text_of(row.at(i).second).size()});
    }
    std::string line;
    for (std::size_t i = 0; i < first.size(); ++i)
        line += fmt::format("  {:<{}}", first[i].first, section.widths[i]);
    print(fmt::format("\n{}\n{}\n", section.name, line.substr(0, line.find_last_not_of(' ') + 1)));
}

void Report::print_row(Section& section, const Fields& row) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
        const std::string text = text_of(row[i].second);
        section.widths.at(i) = std::max(section.widths.at(i), text.size());
        line += fmt::format("  {:<{}}", text, section.widths[i]);
    }
    print(line.substr(0, line.find_last_not_of(' ') + 1) + '\n');
}

void Report::add(const std::string& name, Fields fields) {
    Section& section = section_of(name);
    section.rows.push_back(std::move(fields));
    if (std::exchange(shown_, name) != name) print_header(section);
    print_row(section, section.rows.back());
    save();
}

void Report::bar(const std::string& what, std::optional<double> got, double wanted, bool at_least,
                 const std::string& unit, const std::string& why) {
    const bool met = got && (at_least ? *got >= wanted : *got <= wanted);
    add(bars, {{"what", what},
               {"measured", value_of(got)},
               {"wanted", fmt::format("{} {} {}", at_least ? ">=" : "<=", wanted, unit)},
               {"verdict", got ? std::string(met ? "met" : "missed") : "not judged: " + why}});
}

void Report::took(const std::string& part, const std::string& step, double seconds) {
    add("seconds", {{"part", part}, {"step", step}, {"seconds", seconds}});
}

void Report::complain(const std::string& line) {
    print(fmt::format("\n{}\n", line));
    shown_.clear();
    save();
}

void Report::wrong(const std::string& what) {
    wrong_.push_back(what);
    complain("WRONG: " + what);
}

void Report::failed(const std::string& part, const std::string& why) {
    failed_.push_back(part + ": " + why);
    complain("FAILED: " + failed_.back());
}

bool Report::finish() {
    const auto found = std::ranges::find(sections_, bars, &Section::name);
    if (found != sections_.end()) {
        print_header(*found);
        for (const Fields& row : found->rows) print_row(*found, row);
    }
    for (const std::string& what : wrong_) print("\nWRONG: " + what + '\n');
    for (const std::string& what : failed_) print("\nFAILED: " + what + '\n');
    complete_ = failed_.empty();
    save();
    if (!unsaved_.empty()) throw Error(ErrorKind::output, unsaved_);
    return wrong_.empty() && failed_.empty();
}

std::string Report::json() const {
    std::string out = "{";
    for (const Section& section : sections_) {
        out += quoted(section.name);
        const char* before = ":[";
        for (const Fields& row : section.rows)
            out += fmt::format("{}\n {}", std::exchange(before, ","), json_of(row));
        out += "],\n";
    }
    return fmt::format("{}\"wrong\":{},\n\"failed\":{},\n\"complete\":{}}}\n", out,
                       json_list(wrong_), json_list(failed_), complete_);
}

/// A disk that fills up in the middle must not end the measuring: the table goes on.
void Report::save() {
    if (!file_.empty()) unsaved_ = replace(file_, json());
}

}  // namespace cytofleet::bench
