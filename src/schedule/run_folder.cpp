#include "schedule/run_folder.hpp"

#include <cerrno>
#include <charconv>
#include <chrono>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/fault_point.hpp"
#include "base/file_remedy.hpp"
#include "base/hash.hpp"
#include "base/new_file.hpp"
#include "base/text.hpp"

namespace cytofleet {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

fs::path start_path(const fs::path& folder, int number) {
    return folder / fmt::format("run-{}.json", number);
}
fs::path finished_path(const fs::path& folder, int number) {
    return folder / fmt::format("run-{}.finished", number);
}

/// Of a start without its member "sum": what it says must be what was written, for its time is in
/// every output.
std::string seal_of(const Json& start) {
    const std::string text = start.dump(-1, ' ', false, Json::error_handler_t::replace);
    return fmt::format("{:016x}", checksum(std::as_bytes(std::span(text))));
}

std::string text_of(const RunStart& start) {
    Json out{{"start", start.start}, {"command", start.command}, {"settings", Json::object()}};
    for (const auto& [name, value] : start.settings) out["settings"][name] = value;
    out["sum"] = seal_of(out);
    return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::optional<RunStart> start_of(const std::string& text, int number) {
    try {
        Json in = Json::parse(text);
        const auto seal = in.at("sum").get<std::string>();
        in.erase("sum");
        if (seal != seal_of(in)) return std::nullopt;
        RunStart out;
        out.number = number;
        in.at("start").get_to(out.start);
        in.at("command").get_to(out.command);
        for (const auto& [name, value] : in.at("settings").items())
            out.settings.emplace_back(name, value.get<std::string>());
        return out;
    } catch (const nlohmann::json::exception&) {
        return std::nullopt;
    }
}

std::string whole_file(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

/// Damaged: with its number only.
RunStart read_start(const fs::path& folder, int number) {
    const fs::path path = start_path(folder, number);
    // Where link(2) is not to be had, another process may be just writing it.
    for (int attempt = 0;; ++attempt) {
        if (auto out = start_of(whole_file(path), number)) return std::move(*out);
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

std::optional<RunStart> newest_start(const fs::path& folder) {
    int newest = 0;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(folder, none)) {
        const std::string name = entry.path().filename();
        int number = 0;
        if (!name.starts_with("run-") || !name.ends_with(".json")) continue;
        std::from_chars(name.data() + 4, name.data() + name.size(), number);
        newest = std::max(newest, number);
    }
    if (newest == 0) return std::nullopt;
    return read_start(folder, newest);
}

bool is_finished(const fs::path& folder, int number) {
    std::error_code failed;
    return fs::exists(finished_path(folder, number), failed);
}

void mark_finished(const fs::path& folder, int number) {
    const fs::path path = finished_path(folder, number);
    const int descriptor = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (!write_new(descriptor, {})) fail(path);
    sync_folder(folder);
}

RunStart claim_start(const fs::path& folder, const RunStart& wanted) {
    const fs::path path = start_path(folder, wanted.number);
    const std::string text = text_of(wanted);
    fs::path temporary;
    if (!write_new(open_temporary(path, temporary), text)) {
        const int error = errno;
        unlink(temporary.c_str());
        errno = error;
        fail(path);
    }
    fault_point("before the start is claimed");
    const bool linked = link(temporary.c_str(), path.c_str()) == 0;
    const int error = errno;
    unlink(temporary.c_str());
    if (!linked && error != EEXIST) {
        const int descriptor = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (!write_new(descriptor, text) && errno != EEXIST) {
            const int why = errno;
            if (descriptor >= 0) unlink(path.c_str());
            errno = why;
            fail(path);
        }
    }
    sync_folder(folder);
    return read_start(folder, wanted.number);
}

}  // namespace cytofleet
