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
#include "pipeline/replace_rule.hpp"
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
/// The next of the ranks waits so much longer: one of them ends the run, not all at once.
constexpr double seconds_per_place = 20;

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

/// Planes of one rank, read when they are written.
class Planes {
  public:
    Planes(const RankContext& context, const Gather& gather) : context_(context), gather_(gather) {}

    /// The frames that the rank at `place` gives: as many as the others.
    std::vector<Hdf5Frame> frames_of(std::size_t place) const {
        std::vector<Hdf5Frame> out;
        std::size_t number = 0;
        for (std::size_t scene = 0; scene < gather_.scenes.size(); ++scene) {
            const auto& planes = gather_.scenes[scene].content.planes;
            for (std::size_t t = 0; t < planes.size(); ++t)
                if (planes[t].state == PlaneState::done && number++ % gather_.ranks.size() == place)
                    out.push_back({scene, static_cast<std::int64_t>(t)});
        }
        return out;
    }

    LabelImage read(const Hdf5Frame& frame) {
        const GatherScene& scene = gather_.scenes.at(frame.scene);
        if (scene.records.empty()) {
            if (!mask_ || open_ != frame.scene) mask_ = open_reader(scene.mask);
            open_ = frame.scene;
            return labels_of(mask_->read({0, frame.t, 0, 0, 0}));
        }
        const FrameRecord& record = scene.records.at(static_cast<std::size_t>(frame.t));
        const SceneInfo& size = scene.content.input;
        return decode_plane(read_spooled(context_.run.spool_of(record.spool), record, size.y,
                                         size.x, context_.run.owners));
    }

  private:
    const RankContext& context_;
    const Gather& gather_;
    std::unique_ptr<Reader> mask_;
    std::size_t open_ = 0;
};

void write_scene(ByteWriter& out, const GatherScene& scene) {
    const Hdf5Scene& content = scene.content;
    out.write_text(content.group);
    for (const std::int64_t size : {content.input.t, content.input.y, content.input.x})
        out.write(size);
    for (const auto* value : {&content.input.pixel_size.x, &content.input.pixel_size.y,
                              &content.input.pixel_size.z, &content.input.time_increment})
        write_optional(out, *value);
    out.write(static_cast<std::uint64_t>(content.input.frame_times.size()));
    for (const double time : content.input.frame_times) out.write(time);
    out.write(static_cast<std::uint8_t>(content.wide));
    out.write(static_cast<std::uint64_t>(content.provenance.size()));
    for (const auto& [name, text] : content.provenance) {
        out.write_text(name);
        out.write_text(text);
    }
    for (const Hdf5Plane& plane : content.planes) {
        out.write(static_cast<std::uint8_t>(plane.state));
        out.write_text(plane.reason);
    }
    out.write_text(scene.mask.native());
    const auto records = to_bytes(scene.records);
    out.write(static_cast<std::uint64_t>(records.size()));
    out.append(records);
}

GatherScene read_scene(ByteReader& in) {
    GatherScene out;
    Hdf5Scene& content = out.content;
    content.group = in.read_text();
    for (std::int64_t* size : {&content.input.t, &content.input.y, &content.input.x})
        *size = in.read<std::int64_t>();
    for (auto* value : {&content.input.pixel_size.x, &content.input.pixel_size.y,
                        &content.input.pixel_size.z, &content.input.time_increment})
        *value = read_optional(in);
    for (auto left = in.read<std::uint64_t>(); left > 0; --left)
        content.input.frame_times.push_back(in.read<double>());
    content.wide = in.read<std::uint8_t>() != 0;
    for (auto left = in.read<std::uint64_t>(); left > 0; --left) {
        std::string name = in.read_text();
        content.provenance.emplace_back(std::move(name), in.read_text());
    }
    for (std::int64_t t = 0; t < content.input.t; ++t) {
        const auto state = static_cast<PlaneState>(in.read<std::uint8_t>());
        if (state > PlaneState::quarantined)
            throw Error(ErrorKind::input, "gather: a state that there is not");
        content.planes.push_back({state, in.read_text()});
    }
    out.mask = in.read_text();
    out.records = records_from_bytes(in.take(in.read<std::uint64_t>()));
    return out;
}

}  // namespace

std::vector<std::byte> to_bytes(const Gather& gather) {
    ByteWriter out;
    out.write(static_cast<std::uint64_t>(gather.ranks.size()));
    for (const int rank : gather.ranks) out.write(static_cast<std::int32_t>(rank));
    out.write_text(gather.path.native());
    out.write_text(line_of(gather.event));
    out.write(static_cast<std::uint64_t>(gather.scenes.size()));
    for (const GatherScene& scene : gather.scenes) write_scene(out, scene);
    out.write(static_cast<std::uint8_t>(gather.replaces));
    return out.take();
}

Gather gather_from_bytes(std::span<const std::byte> bytes) {
    ByteReader in(bytes, "gather");
    Gather out;
    for (auto left = in.read<std::uint64_t>(); left > 0; --left)
        out.ranks.push_back(in.read<std::int32_t>());
    out.path = in.read_text();
    const auto event = event_of(in.read_text());
    ensure(event && std::holds_alternative<OutputEvent>(*event), "a gather has its event");
    out.event = std::get<OutputEvent>(*event);
    for (auto left = in.read<std::uint64_t>(); left > 0; --left)
        out.scenes.push_back(read_scene(in));
    out.replaces = in.read<std::uint8_t>() != 0;
    return out;
}

Hdf5Scene content_of(const RankContext& context, const FileInfo& input, std::int64_t number,
                     const std::filesystem::path& output, const std::vector<FrameRecord>& records) {
    const SceneInfo& scene = input.scenes.at(static_cast<std::size_t>(number));
    Hdf5Scene out;
    out.input = scene;
    LogFacts log{context.options,
                 &context.model,
                 context.run.start,
                 input.path,
                 output,
                 &scene,
                 -1,
                 input.warnings,
                 &records,
                 {},
                 input.members};
    out.provenance = {{"program", "cytofleet " + version()},
                      {"input", show(input.path)},
                      {"start", time_stamp(context.run.start)}};
    if (input.scenes.size() > 1) {
        log.scene_number = number;
        out.provenance.emplace_back("scene", std::to_string(number + 1));
    }
    for (const auto& [name, value] : settings_of(context.options, context.model))
        if (name != "version") out.provenance.emplace_back(name, value);
    out.provenance.emplace_back("log", log_text(log));
    for (const FrameRecord& record : records) {
        out.wide = out.wide || record.largest > 65535;
        // A frame without cells may have a reason for it, such as NaN among its pixels.
        const bool empty = record.state != FrameState::done || record.cells == 0;
        out.planes.push_back(
            {state_of(record), empty && !record.notes.empty() ? record.notes.front() : ""});
    }
    return out;
}

Gather make_gather(const RankContext& context, const Job& job, std::vector<FrameRecord> records) {
    const auto& input = context.run.files.at(static_cast<std::size_t>(job.file));
    const FileInfo info = open_reader(input, reader_options(context.options, input))->info();
    Gather out;
    out.path = hdf5_path(job.stem);
    out.replaces = context.run.job_of(job.file, job.scene).replaces;
    out.event.scene = context.run.scene_name(job.file, job.scene);
    out.event.path = BookNames(context.run.home()).name_of(out.path);
    out.event.frames = std::ssize(records);
    for (const FrameRecord& record : records) {
        out.event.cells += record.cells;
        out.event.quarantined += record.state == FrameState::quarantined ? 1 : 0;
        if (record.state != FrameState::done) out.event.empty.push_back(record.frame.t);
    }
    GatherScene scene{content_of(context, info, job.scene, out.path, records), {}, {}};
    scene.records = std::move(records);
    out.scenes.push_back(std::move(scene));
    return out;
}

std::string gather_planes(const RankContext& context, const Gather& gather) {
    const auto place = std::ranges::find(gather.ranks, context.comm.rank()) - gather.ranks.begin();
    double bytes = 0;
    for (const GatherScene& scene : gather.scenes) {
        const SceneInfo& input = scene.content.input;
        bytes += 4 * static_cast<double>(input.t) * static_cast<double>(input.y * input.x);
    }
    const TimeLimit limit(
        least_seconds + bytes / slowest_disk / static_cast<double>(gather.ranks.size()) +
            seconds_per_place * static_cast<double>(place),
        [&] {
            context.log.error(fmt::format(
                "{}: could not be written, because a rank hangs; nothing is lost, start again",
                show(gather.path)));
            context.comm.abort(exit_codes::stopped);
        });
    fault_point("before the ranks write together");
    try {
        Planes planes(context, gather);
        std::vector<Hdf5Scene> scenes;
        for (const GatherScene& scene : gather.scenes) scenes.push_back(scene.content);
        Hdf5Writer writer(gather.path, context.comm.group(gather.ranks));
        const Hdf5Written written =
            writer.write(scenes, {planes.frames_of(static_cast<std::size_t>(place)),
                                  [&](const Hdf5Frame& frame) { return planes.read(frame); }});
        const auto write_line = [&] {
            OutputEvent event = gather.event;
            event.bytes = written.bytes;
            event.sha256 = written.sha256;
            event.changed = written.changed;
            context.journal.add(event);
            context.journal.sync();
            fault_point("before the HDF5 file is renamed");
        };
        writer.commit(write_line, result_rule(context.options, context.run, gather.replaces));
        fault_point("after the HDF5 file is renamed");
    } catch (const Error& error) {
        return error.what();
    }
    return {};
}

}  // namespace cytofleet
