#include "pipeline/gather.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/byte_reader.hpp"
#include "base/byte_writer.hpp"
#include "base/error.hpp"
#include "base/fault_point.hpp"
#include "base/text.hpp"
#include "base/version.hpp"
#include "io/mask_writer.hpp"
#include "io/reader.hpp"
#include "pipeline/discover.hpp"
#include "pipeline/run_log.hpp"
#include "pipeline/run_report.hpp"
#include "pipeline/run_settings.hpp"
#include "pipeline/spool.hpp"
#include "pipeline/time_limit.hpp"
#include "schedule/book_names.hpp"

namespace cytofleet {
namespace {

/// A disk that is slower than this, in bytes a second and rank, is taken for one that hangs.
constexpr double slowest_disk = 2e6;
constexpr double least_seconds = 60;

void write_optional(ByteWriter& out, const std::optional<double>& value) {
    out.write(static_cast<std::uint8_t>(value.has_value()));
    out.write(value.value_or(0));
}

std::optional<double> read_optional(ByteReader& in) {
    const bool there = in.read<std::uint8_t>() != 0;
    const auto value = in.read<double>();
    return there ? std::optional(value) : std::nullopt;
}

PlaneState state_of(const FrameRecord& record) {
    if (record.state == FrameState::done) return PlaneState::done;
    return record.state == FrameState::missing ? PlaneState::missing : PlaneState::quarantined;
}

/// The frames that the rank at `place` of `ranks` gives: as many as the others, one after the
/// other.
Hdf5Planes planes_of(const RankContext& context, const Gather& gather, std::size_t place) {
    Hdf5Planes out;
    std::size_t number = 0;
    for (const FrameRecord& record : gather.records)
        if (record.state == FrameState::done && number++ % gather.ranks.size() == place)
            out.frames.push_back({0, record.frame.t});
    out.read = [&context, &gather](const Hdf5Frame& frame) {
        const FrameRecord& record = gather.records.at(static_cast<std::size_t>(frame.t));
        return decode_plane(read_spooled(context.run.spool_of(record.spool), record));
    };
    return out;
}

OutputEvent event_of(const RankContext& context, const Gather& gather, const Hdf5Written& written) {
    const FrameId& first = gather.records.front().frame;
    OutputEvent out;
    out.scene = context.run.scene_name(first.file, first.scene);
    out.path = BookNames(context.run.home()).name_of(gather.path);
    out.bytes = written.bytes;
    out.sha256 = written.sha256;
    out.changed = written.changed;
    out.frames = std::ssize(gather.records);
    for (const FrameRecord& record : gather.records) {
        out.cells += record.cells;
        out.quarantined += record.state == FrameState::quarantined ? 1 : 0;
        if (record.state != FrameState::done) out.empty.push_back(record.frame.t);
    }
    return out;
}

}  // namespace

std::vector<std::byte> to_bytes(const Gather& gather) {
    ByteWriter out;
    out.write(static_cast<std::uint64_t>(gather.ranks.size()));
    for (const int rank : gather.ranks) out.write(static_cast<std::int32_t>(rank));
    out.write_text(gather.path.native());
    const Hdf5Scene& scene = gather.scene;
    for (const std::int64_t size : {scene.input.t, scene.input.y, scene.input.x}) out.write(size);
    for (const auto* value : {&scene.input.pixel_size.x, &scene.input.pixel_size.y,
                              &scene.input.pixel_size.z, &scene.input.time_increment})
        write_optional(out, *value);
    out.write(static_cast<std::uint8_t>(scene.wide));
    out.write(static_cast<std::uint64_t>(scene.provenance.size()));
    for (const auto& [name, text] : scene.provenance) {
        out.write_text(name);
        out.write_text(text);
    }
    out.append(to_bytes(gather.records));
    return out.take();
}

Gather gather_from_bytes(std::span<const std::byte> bytes) {
    ByteReader in(bytes, "gather");
    const auto text = [&] { return in.take_text(in.read<std::uint64_t>()); };
    Gather out;
    for (auto left = in.read<std::uint64_t>(); left > 0; --left)
        out.ranks.push_back(in.read<std::int32_t>());
    out.path = text();
    Hdf5Scene& scene = out.scene;
    for (std::int64_t* size : {&scene.input.t, &scene.input.y, &scene.input.x})
        *size = in.read<std::int64_t>();
    for (auto* value : {&scene.input.pixel_size.x, &scene.input.pixel_size.y,
                        &scene.input.pixel_size.z, &scene.input.time_increment})
        *value = read_optional(in);
    scene.wide = in.read<std::uint8_t>() != 0;
    for (auto left = in.read<std::uint64_t>(); left > 0; --left) {
        std::string name = text();
        scene.provenance.emplace_back(std::move(name), text());
    }
    out.records = records_from_bytes(in.take(in.left()));
    for (const FrameRecord& record : out.records) {
        const bool done = record.state == FrameState::done;
        scene.planes.push_back(
            {state_of(record), done || record.notes.empty() ? "" : record.notes.front()});
    }
    return out;
}

Gather make_gather(const RankContext& context, const Job& job, std::vector<FrameRecord> records) {
    const std::filesystem::path& input = context.run.files.at(static_cast<std::size_t>(job.file));
    const FileInfo info = open_reader(input, context.options.reader)->info();
    const SceneInfo& scene = info.scenes.at(static_cast<std::size_t>(job.scene));
    Gather out;
    out.path = hdf5_path(job.stem);
    out.scene.input = scene;
    out.scene.wide = std::ranges::any_of(
        records, [](const FrameRecord& record) { return record.largest > 65535; });
    auto& provenance = out.scene.provenance;
    provenance = {{"program", "cytofleet " + version()},
                  {"input", show(input)},
                  {"start", time_stamp(context.run.start)}};
    if (info.scenes.size() > 1) provenance.emplace_back("scene", std::to_string(job.scene + 1));
    for (const auto& [name, value] : settings_of(context.options, context.model))
        if (name != "version") provenance.emplace_back(name, value);
    LogFacts log{context.options,
                 &context.model,
                 context.run.start,
                 input,
                 out.path,
                 &scene,
                 -1,
                 info.warnings,
                 &records,
                 {}};
    if (info.scenes.size() > 1) log.scene_number = job.scene;
    provenance.emplace_back("log", log_text(log));
    out.records = std::move(records);
    return out;
}

std::string gather_planes(const RankContext& context, const Gather& gather) {
    const auto place = std::ranges::find(gather.ranks, context.comm.rank()) - gather.ranks.begin();
    const double bytes =
        static_cast<double>(gather.scene.input.t * gather.scene.input.y * gather.scene.input.x) * 4;
    const TimeLimit limit(
        least_seconds + bytes / slowest_disk / static_cast<double>(gather.ranks.size()), [&] {
            context.log.error(fmt::format(
                "{}: could not be written, because a rank hangs; nothing is lost, start again",
                show(gather.path)));
            context.comm.abort(exit_codes::stopped);
        });
    try {
        Hdf5Writer writer(gather.path, context.comm.group(gather.ranks));
        const Hdf5Written written =
            writer.write(std::span(&gather.scene, 1),
                         planes_of(context, gather, static_cast<std::size_t>(place)));
        writer.commit([&] {
            context.journal.add(event_of(context, gather, written));
            context.journal.sync();
            fault_point("before the HDF5 file is renamed");
        });
        fault_point("after the HDF5 file is renamed");
    } catch (const Error& error) {
        return error.what();
    }
    return {};
}

}  // namespace cytofleet
