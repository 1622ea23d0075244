#include "pipeline/claim_paths.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "pipeline/discover.hpp"
#include "pipeline/folder_rules.hpp"
#include "pipeline/replace_rule.hpp"

namespace cytofleet {
namespace {

namespace fs = std::filesystem;

void claim_inputs(const Catalogue& catalogue, ClaimedPaths& claims) {
    for (const FileInfo& file : catalogue.files) {
        claims.read(file.path, "an input");
        for (const fs::path& member : file.members)
            claims.read(member, "part of the input", show(file.path));
    }
    for (const BadFile& bad : catalogue.bad) claims.read(bad.file, "an input");
}

struct JobFile {
    fs::path path;
    const char* use;
};

/// Every file that a job writes.
std::vector<JobFile> files_of(const Job& job, const RunOptions& options) {
    std::vector<JobFile> out;
    for (fs::path& path : label_paths(job.stem, options.format))
        out.push_back({std::move(path), "the masks"});
    out.push_back({log_path(job.stem), "the log"});
    if (options.overlay) out.push_back({picture_path(job.stem), "the picture"});
    return out;
}

/// `stem` so short that with `extension` it is a name of `most` bytes: of the input's name the end
/// is left out, and a checksum of all of it put there.
fs::path shortened(const fs::path& stem, std::string_view extension, std::size_t most) {
    const std::string name = stem.filename();
    if (name.size() + extension.size() <= most) return stem;
    const std::string end =
        fmt::format("~{:016x}{}", checksum(std::as_bytes(std::span(name))),
                    name.substr(std::min(name.size(), name.rfind(output_mark))));
    if (most < end.size() + extension.size()) return stem;
    std::size_t kept = most - end.size() - extension.size();
    while (kept > 0 && (static_cast<unsigned char>(name[kept]) & 0xC0U) == 0x80U) --kept;
    return stem.parent_path() / (name.substr(0, kept) + end);
}

/// A log that is there, or is going to be, is not replaced by that of another input.
fs::path free_log(const BadFile& bad, const RunOptions& options, ClaimedPaths& claims) {
    const fs::path plain = output_stem(bad.file, options, bad.scene);
    const fs::path whole = output_stem(bad.file, options, bad.scene, NameUse::whole);
    const std::size_t most = longest_name(plain.parent_path());
    const auto log_of = [&](const fs::path& stem) {
        return log_path(shortened(stem, log_path({}).native(), most));
    };
    const auto suits = [&](const fs::path& log) {
        return claims.is_free(log) && !is_log_of_another(log, bad.file, options);
    };
    fs::path log = log_of(plain);
    if (!suits(log)) log = log_of(whole);
    for (int number = 2; !suits(log); ++number)
        log = log_of(fs::path(whole) += fmt::format("-{}", number));
    return log;
}

}  // namespace

std::string too_long(const Job& job, const RunOptions& options) {
    const std::size_t most = longest_name(job.stem.parent_path());
    for (const JobFile& file : files_of(job, options)) {
        const std::string name = file.path.filename();
        if (name.size() > most)
            return fmt::format(
                "has too long a name: its result {} would have {} bytes, and {} takes names of {} "
                "at most; rename it",
                show(name), name.size(),
                job.stem.has_parent_path() ? show(job.stem.parent_path()) : std::string("."), most);
    }
    return {};
}

std::vector<fs::path> claim_paths(Catalogue& catalogue, const RunOptions& options,
                                  const fs::path& model, const fs::path& books) {
    ClaimedPaths claims;
    claim_inputs(catalogue, claims);
    claims.read(model, "the model");
    if (!books.empty()) claims.write(books, "the books of the run");
    for (const Job& job : catalogue.jobs) {
        const std::string input = show(catalogue.files.at(static_cast<std::size_t>(job.file)).path);
        for (const JobFile& file : files_of(job, options)) claims.write(file.path, file.use, input);
    }
    if (!options.collect.empty()) claims.write(options.collect, "the collection (--collect)");
    claims.refuse_clashes();
    for (BadFile& bad : catalogue.bad) {
        bad.log = free_log(bad, options, claims);
        claims.write(bad.log, "the log", show(bad.file));
    }
    return claims.written();
}

}  // namespace cytofleet
