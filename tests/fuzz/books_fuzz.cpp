// Any bytes as the books of a run: files, each a line with its kind and what is in it, ended by a
// zero. Lines of journals get checksums that fit. Whatever they say, they are read and told of.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/hash.hpp"
#include "base/text.hpp"
#include "report/run_status.hpp"
#include "report/verify.hpp"
#include "schedule/history.hpp"
#include "schedule/run_folder.hpp"
#include "scratch_folder.hpp"

namespace {

namespace fs = std::filesystem;

std::string sealed(std::string_view text) {
    std::string out;
    for (const std::string& line : cytofleet::split(text, '\n')) {
        const std::string_view body = std::string_view(line).substr(0, line.rfind(",\"sum\":\""));
        out += fmt::format("{},\"sum\":\"{:016x}\"}}\n", body,
                           cytofleet::checksum(std::as_bytes(std::span(body))));
    }
    return out;
}

void check(const cytofleet::RunHistory& history) {
    for (const std::string& name : history.spools)
        if (name.find('/') != std::string::npos || !name.ends_with(".spool")) std::abort();
    for (const auto& [name, scene] : history.scenes) {
        if (scene.job.frames < 0) std::abort();
        for (const auto& [t, frame] : scene.frames)
            if (t < 0 || frame.spool >= static_cast<std::int32_t>(history.spools.size()))
                std::abort();
        for (const auto& output : scene.outputs)
            for (const std::int64_t t : output.empty)
                if (t < 0 || t >= output.frames) std::abort();
    }
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const cytofleet::fuzz::ScratchFolder home;
    const std::string run = ".cytofleet/0123456789abcdef";
    const fs::path folder = home.path() / run;
    fs::remove_all(folder);
    fs::create_directories(folder);
    cytofleet::claim_start(folder, {1, 1'700'000'000, {{"diameter", "30"}}, {"run"}});
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    for (int number = 0; number < 8 && !rest.empty(); ++number) {
        const std::string_view entry = rest.substr(0, rest.find('\0'));
        rest.remove_prefix(std::min(rest.size(), entry.size() + 1));
        const std::size_t line = std::min(entry.find('\n'), entry.size());
        const std::string_view kind = entry.substr(0, line);
        const std::string_view text = entry.substr(std::min(entry.size(), line + 1));
        const std::string name = fmt::format("{}/a-{}", run, number / 2);
        if (kind == "spool")
            home.write(name + ".spool", text);
        else if (kind == "raw")
            home.write(name + ".journal", text);
        else if (kind == "link")
            fs::create_symlink("a-0.journal", folder / fmt::format("l-{}.journal", number));
        else
            home.write(name + ".journal", sealed(text));
    }
    check(cytofleet::read_history(folder));
    const auto runs = cytofleet::status_of(home.path());
    if (runs.size() != 1) std::abort();
    cytofleet::status_text(runs.front());
    cytofleet::status_json(runs);
    cytofleet::verify_outputs(home.path());
    return 0;
}
