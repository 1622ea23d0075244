#include "schedule/run_folder.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <functional>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/fault_point.hpp"
#include "base/file_remedy.hpp"
#include "base/guarded_folder.hpp"
#include "base/hash.hpp"
#include "base/new_file.hpp"
#include "base/text.hpp"

namespace cytofleet {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::uint64_t most_start = std::uint64_t{1} << 24;  // bytes: a long command line
constexpr int deepest = 8;                                    // of what is in what
constexpr std::int64_t last_second = 253402300799;            // the year 9999
constexpr int most_number = 999'999'999;

std::string start_name(int number) {
    return fmt::format("run-{}.json", number);
}
std::string finished_name(int number) {
    return fmt::format("run-{}.finished", number);
}

/// 0 for other names.
int number_in(std::string_view name) {
    constexpr std::string_view begin = "run-";
    constexpr std::string_view end = ".json";
    if (!name.starts_with(begin) || !name.ends_with(end)) return 0;
    int number = 0;
    std::from_chars(name.data() + begin.size(), name.data() + name.size(), number);
    return number > 0 && number <= most_number && name == start_name(number) ? number : 0;
}

/// Of a start without its member "sum": what it says must be what was written, for its time is in
/// every output.
std::string seal_of(const Json& start) {
    const std::string text = start.dump(-1, ' ', false, Json::error_handler_t::replace);
    return fmt::format("{:016x}", checksum(std::as_bytes(std::span(text))));
}

/// Damaged: with its number only. Nothing when there is no such file of `owners`.
std::optional<RunStart> read_start(const GuardedFolder& folder, int number, const Owners& owners,
                                   std::string& problem) {
    // Where link(2) is not to be had, another process may be just writing it.
    for (int attempt = 0;; ++attempt) {
        const BookFile file = folder.open(start_name(number), owners, most_start);
        problem = file.problem;
        if (!file.file) return std::nullopt;
        if (auto out = start_from_text(read_up_to(file.file.number(), most_start), number))
            return out;
        if (attempt == 20) break;
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    RunStart out;
    out.number = number;
    out.damaged = true;
    return out;
}

[[noreturn]] void fail(const fs::path& path) {
    const int error = errno;
    throw Error(ErrorKind::output,
                fmt::format("{}: cannot be written: {}", show(path), file_remedy(error)));
}

/// Writes a new file and forces it to the disk; errno tells why not.
bool write_new(int descriptor, const std::string& text) {
    if (descriptor < 0) return false;
    const bool good = write_all(descriptor, 0, text) && fsync(descriptor) == 0;
    const int error = errno;
    close(descriptor);
    errno = error;
    return good;
}

}  // namespace

std::string text_of(const RunStart& start) {
    Json out{{"start", start.start}, {"command", start.command}, {"settings", Json::object()}};
    for (const auto& [name, value] : start.settings) out["settings"][name] = value;
    out["sum"] = seal_of(out);
    return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::optional<RunStart> start_from_text(const std::string& text, int number) {
    try {
        // Writing and removing what is nested goes as deep as it is.
        const auto shallow = [](int depth, Json::parse_event_t /*event*/, Json& /*value*/) {
            if (depth > deepest)
                throw nlohmann::json::other_error::create(500, "too deeply nested", nullptr);
            return true;
        };
        Json in = Json::parse(text, shallow);
        const auto seal = in.at("sum").get<std::string>();
        in.erase("sum");
        if (seal != seal_of(in)) return std::nullopt;
        RunStart out;
        out.number = number;
        // Asked first: a number with a fraction may be too large to be made a whole one.
        const Json& seconds = in.at("start");
        if (!seconds.is_number_integer()) return std::nullopt;
        seconds.get_to(out.start);
        if (out.start < 0 || out.start > last_second) return std::nullopt;
        in.at("command").get_to(out.command);
        for (const auto& [name, value] : in.at("settings").items())
            out.settings.emplace_back(name, value.get<std::string>());
        return out;
    } catch (const nlohmann::json::exception&) {
        return std::nullopt;
    }
}

std::string run_id(const Settings& settings) {
    std::string text;
    for (const auto& [name, value] : settings)
        text += fmt::format("{}:{}={}:{}\n", name.size(), name, value.size(), value);
    return fmt::format("{:016x}", checksum(std::as_bytes(std::span(text))));
}

fs::path books_of(const fs::path& home) {
    return home / ".cytofleet";
}

std::string difference(const Settings& before, const Settings& now) {
    const auto value_in = [](const Settings& settings, const std::string& name) {
        for (const auto& [other, value] : settings)
            if (other == name) return value;
        return std::string("none");
    };
    const auto brief = [](const std::string& value) {
        constexpr std::size_t most = 24;
        return value.size() <= most ? value : value.substr(0, 8) + "..";
    };
    std::string out;
    const auto add = [&](const std::string& name) {
        const std::string old = value_in(before, name);
        const std::string fresh = value_in(now, name);
        if (old != fresh)
            out += fmt::format("{}{} {} -> {}", out.empty() ? "" : ", ", name, brief(old),
                               brief(fresh));
    };
    for (const auto& [name, value] : now) add(name);
    for (const auto& [name, value] : before)
        if (value_in(now, name) == "none") add(name);
    return out;
}

std::optional<RunStart> newest_start(const fs::path& folder, const Owners& owners,
                                     std::vector<std::string>* notes) {
    const GuardedFolder held(folder);
    if (!held.is_open()) return std::nullopt;
    std::vector<int> numbers;
    for (const std::string& name : held.names())
        if (const int number = number_in(name); number > 0) numbers.push_back(number);
    std::ranges::sort(numbers, std::greater<>());
    for (const int number : numbers) {
        std::string problem;
        if (auto out = read_start(held, number, owners, problem)) return out;
        if (notes != nullptr && !problem.empty())
            notes->push_back(
                fmt::format("{}: {}; it is left out", show(folder / start_name(number)), problem));
    }
    return std::nullopt;
}

bool is_finished(const fs::path& folder, int number, const Owners& owners) {
    const GuardedFolder held(folder);
    if (!held.is_open()) return false;
    const Entry entry = held.look(finished_name(number));
    return entry.kind == EntryKind::file && owners.take(entry.owner);
}

void mark_finished(const fs::path& folder, int number) {
    const fs::path path = folder / finished_name(number);
    const GuardedFolder held(folder);
    errno = held.error();
    if (!held.is_open()) fail(path);
    // Whatever has the name already is left as it is.
    if (!write_new(held.create(finished_name(number)), {}) && errno != EEXIST) fail(path);
    sync_folder(folder);
}

namespace {

/// Writes a start down; false when something has its name already.
bool write_start(const GuardedFolder& held, const fs::path& path, const std::string& text) {
    const int folder = held.descriptor();
    const std::string name = path.filename();
    std::string temporary;
    if (!write_new(create_temporary(folder, name, temporary), text)) {
        const int error = errno;
        unlinkat(folder, temporary.c_str(), 0);
        errno = error;
        fail(path);
    }
    fault_point("before the start is claimed");
    const bool linked = linkat(folder, temporary.c_str(), folder, name.c_str(), 0) == 0;
    const int error = errno;
    unlinkat(folder, temporary.c_str(), 0);
    if (linked) return true;
    if (error == EEXIST) return false;
    const int descriptor = held.create(name);
    if (descriptor < 0 && errno == EEXIST) return false;
    if (!write_new(descriptor, text)) {
        const int why = errno;
        if (descriptor >= 0) unlinkat(folder, name.c_str(), 0);
        errno = why;
        fail(path);
    }
    return true;
}

}  // namespace

RunStart claim_start(const fs::path& folder, const RunStart& wanted, const Owners& owners) {
    constexpr int most_tries = 1000;
    const GuardedFolder held(folder);
    errno = held.error();
    if (!held.is_open()) fail(folder / start_name(wanted.number));
    RunStart trying = wanted;
    for (int i = 0; i < most_tries && trying.number <= most_number; ++i, ++trying.number) {
        write_start(held, folder / start_name(trying.number), text_of(trying));
        std::string problem;
        if (auto standing = read_start(held, trying.number, owners, problem)) {
            sync_folder(folder);
            return std::move(*standing);
        }
    }
    throw Error(ErrorKind::output,
                fmt::format("{}: has no number left for another start; choose another "
                            "--output-dir",
                            show(folder)));
}

}  // namespace cytofleet
