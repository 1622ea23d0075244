#include "pipeline/run_record.hpp"

#include <charconv>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <random>
#include <string_view>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/byte_reader.hpp"
#include "base/byte_writer.hpp"
#include "base/error.hpp"

namespace cytofleet {
namespace {

namespace fs = std::filesystem;

std::int64_t start_time() {
    const char* set = std::getenv("SOURCE_DATE_EPOCH");
    if (set == nullptr || *set == '\0')
        return std::chrono::duration_cast<std::chrono::seconds>(
                   std::chrono::system_clock::now().time_since_epoch())
            .count();
    const std::string_view text(set);
    std::int64_t seconds = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (failed != std::errc() || end != text.data() + text.size() || seconds < 0 ||
        seconds > 253402300799)  // the year 9999
        throw Error(ErrorKind::usage,
                    fmt::format("SOURCE_DATE_EPOCH is {}, not seconds since 1970; "
                                "unset it or correct it",
                                text));
    return seconds;
}

}  // namespace

std::string time_stamp(std::int64_t seconds, int milliseconds) {
    const auto time = static_cast<std::time_t>(seconds);
    return fmt::format("{:%Y-%m-%d %H:%M:%S},{:03}", fmt::gmtime(time), milliseconds);
}

RunRecord make_run_record(const Catalogue& catalogue, const fs::path& output_dir) {
    RunRecord out;
    out.start = start_time();
    std::random_device random;
    const auto time = static_cast<std::time_t>(out.start);
    out.id = fmt::format("{:%Y%m%dT%H%M%S}-{:08x}", fmt::gmtime(time), random());
    const fs::path base = !output_dir.empty() || catalogue.jobs.empty()
                              ? output_dir
                              : catalogue.jobs.front().stem.parent_path();
    out.folder = base / ".cytofleet" / out.id;
    for (const FileInfo& file : catalogue.files) out.files.push_back(file.path);
    out.jobs = catalogue.jobs;
    return out;
}

std::vector<std::byte> to_bytes(const RunRecord& record) {
    ByteWriter out;
    out.write_text(record.id);
    out.write(record.start);
    out.write_text(record.folder.native());
    out.write(static_cast<std::uint64_t>(record.files.size()));
    for (const auto& file : record.files) out.write_text(file.native());
    out.write(static_cast<std::uint64_t>(record.jobs.size()));
    for (const Job& job : record.jobs) {
        out.write(job.file);
        out.write(job.scene);
        out.write_text(job.stem.native());
    }
    return out.take();
}

RunRecord run_record_from_bytes(std::span<const std::byte> bytes) {
    ByteReader in(bytes, "run record");
    const auto text = [&] { return in.take_text(in.read<std::uint64_t>()); };
    RunRecord out;
    out.id = text();
    out.start = in.read<std::int64_t>();
    out.folder = text();
    for (auto left = in.read<std::uint64_t>(); left > 0; --left) out.files.emplace_back(text());
    for (auto left = in.read<std::uint64_t>(); left > 0; --left) {
        Job job;
        job.file = in.read<std::int64_t>();
        job.scene = in.read<std::int64_t>();
        job.stem = text();
        out.jobs.push_back(std::move(job));
    }
    return out;
}

}  // namespace cytofleet
