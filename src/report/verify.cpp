#include "report/verify.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "schedule/book_names.hpp"
#include "schedule/history.hpp"
#include "schedule/run_folder.hpp"

namespace cytofleet {
namespace {

namespace fs = std::filesystem;

void verify(const fs::path& path, const std::vector<OutputEvent>& written, Verification& out) {
    std::error_code failed;
    const auto bytes = fs::file_size(path, failed);
    if (failed) {
        out.problems.push_back(
            fmt::format("{}: {}; run the same command again", show(path), failed.message()));
        return;
    }
    out.bytes += bytes;
    std::string hash;
    try {
        hash = sha256_of_file(path);
    } catch (const Error& error) {
        out.problems.emplace_back(error.what());
        return;
    }
    const bool known = std::ranges::any_of(written, [&](const OutputEvent& event) {
        return event.bytes == bytes && event.sha256 == hash;
    });
    if (!known)
        out.problems.push_back(fmt::format(
            "{}: is not what was written ({} bytes, SHA-256 {}; it was {} bytes, {}); remove it "
            "and run the same command again",
            show(path), bytes, hash, written.back().bytes, written.back().sha256));
}

}  // namespace

Verification verify_outputs(const fs::path& home) {
    std::map<std::string, std::vector<OutputEvent>> outputs;
    bool books = false;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(books_of(home), none)) {
        if (!newest_start(entry.path())) continue;
        books = true;
        RunHistory history = read_history(entry.path());
        for (auto& [name, scene] : history.scenes)
            for (OutputEvent& output : scene.outputs)
                outputs[output.path].push_back(std::move(output));
    }
    if (!books)
        throw Error(ErrorKind::usage,
                    fmt::format("{}: no run has left its books here; name the folder with the "
                                "results (--output-dir, else that of the first input)",
                                show(home)));
    Verification out;
    const BookNames names(home);
    for (const auto& [name, written] : outputs) {
        ++out.outputs;
        verify(names.file_of(name), written, out);
    }
    return out;
}

}  // namespace cytofleet
