#include "schedule/frame_record.hpp"

#include "base/byte_reader.hpp"
#include "base/byte_writer.hpp"
#include "base/error.hpp"

namespace cytofleet {

std::vector<std::byte> to_bytes(const std::vector<FrameRecord>& records) {
    ByteWriter out;
    out.write(static_cast<std::uint64_t>(records.size()));
    for (const FrameRecord& record : records) {
        out.write(record.frame.file);
        out.write(record.frame.scene);
        out.write(record.frame.t);
        out.write(static_cast<std::uint8_t>(record.state));
        out.write(record.rank);
        out.write(record.spool);
        out.write(record.offset);
        out.write(record.length);
        out.write(record.checksum);
        out.write(record.cells);
        out.write(record.largest);
        for (const double seconds :
             {record.times.read, record.times.prepare, record.times.network, record.times.masks})
            out.write(seconds);
        out.write(static_cast<std::uint64_t>(record.notes.size()));
        for (const auto& note : record.notes) out.write_text(note);
    }
    return out.take();
}

std::vector<FrameRecord> records_from_bytes(std::span<const std::byte> bytes) {
    ByteReader in(bytes, "frame records");
    std::vector<FrameRecord> out;
    for (auto left = in.read<std::uint64_t>(); left > 0; --left) {
        FrameRecord record;
        record.frame.file = in.read<std::int64_t>();
        record.frame.scene = in.read<std::int64_t>();
        record.frame.t = in.read<std::int64_t>();
        const auto state = in.read<std::uint8_t>();
        if (state > static_cast<std::uint8_t>(FrameState::quarantined))
            throw Error(ErrorKind::input, "frame records: a state that there is not");
        record.state = static_cast<FrameState>(state);
        record.rank = in.read<std::int32_t>();
        record.spool = in.read<std::int32_t>();
        if (record.frame.file < 0 || record.frame.scene < 0 || record.frame.t < 0 ||
            record.spool < 0)
            throw Error(ErrorKind::input, "frame records: a frame that there is not");
        record.offset = in.read<std::uint64_t>();
        record.length = in.read<std::uint64_t>();
        record.checksum = in.read<std::uint64_t>();
        record.cells = in.read<std::uint32_t>();
        record.largest = in.read<std::uint32_t>();
        for (double* seconds : {&record.times.read, &record.times.prepare, &record.times.network,
                                &record.times.masks})
            *seconds = in.read<double>();
        for (auto notes = in.read<std::uint64_t>(); notes > 0; --notes)
            record.notes.push_back(in.read_text());
        out.push_back(std::move(record));
    }
    if (in.left() > 0) throw Error(ErrorKind::input, "frame records: bytes left over");
    return out;
}

}  // namespace cytofleet
