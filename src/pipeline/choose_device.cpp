#include "pipeline/choose_device.hpp"

#include <chrono>
#include <thread>

#include <fmt/format.h>

#include "base/byte_reader.hpp"
#include "base/byte_writer.hpp"
#include "base/error.hpp"
#include "pipeline/gpu_map.hpp"

namespace cytofleet {
namespace {

constexpr int place_tag = 100;

std::vector<std::byte> to_bytes(const RankPlace& place) {
    ByteWriter out;
    out.write_text(place.host);
    out.write(static_cast<std::int32_t>(place.node_rank));
    out.write_text(place.survey.problem);
    out.write(static_cast<std::uint64_t>(place.survey.devices.size()));
    for (const cuda::DeviceFacts& device : place.survey.devices) {
        out.write_text(device.name);
        out.write_text(device.bus);
        for (const int number : {device.number, device.major, device.minor})
            out.write(static_cast<std::int32_t>(number));
        out.write(static_cast<std::uint64_t>(device.memory));
        out.write(static_cast<std::uint8_t>(device.has_code ? 1 : 0));
    }
    return out.take();
}

std::string text_from(ByteReader& in) {
    return std::string(in.take_text(in.read<std::uint64_t>()));
}

RankPlace place_from_bytes(std::span<const std::byte> bytes) {
    ByteReader in(bytes, "place of a rank");
    RankPlace out;
    out.host = text_from(in);
    out.node_rank = in.read<std::int32_t>();
    out.survey.problem = text_from(in);
    for (auto left = in.read<std::uint64_t>(); left > 0; --left) {
        cuda::DeviceFacts device;
        device.name = text_from(in);
        device.bus = text_from(in);
        for (int* number : {&device.number, &device.major, &device.minor})
            *number = in.read<std::int32_t>();
        device.memory = in.read<std::uint64_t>();
        device.has_code = in.read<std::uint8_t>() != 0;
        out.survey.devices.push_back(std::move(device));
    }
    return out;
}

/// All ranks' places by rank, on rank 0.
std::vector<RankPlace> gather(Communicator& comm, const RankPlace& mine) {
    std::vector<RankPlace> out;
    if (comm.rank() != 0) {
        comm.send(0, place_tag, to_bytes(mine));
        return out;
    }
    out.resize(static_cast<std::size_t>(comm.size()));
    out.front() = mine;
    for (int missing = comm.size() - 1; missing > 0;) {
        const auto message = comm.poll();
        if (!message) {
            std::this_thread::sleep_for(std::chrono::milliseconds{1});
            continue;
        }
        ensure(message->tag == place_tag, "places are the first messages");
        out.at(static_cast<std::size_t>(message->from)) = place_from_bytes(message->body);
        --missing;
    }
    return out;
}

}  // namespace

ChosenDevice choose_device(Communicator& comm, const RunOptions& options) {
    ChosenDevice out;
    if (options.device == DeviceChoice::cpu) return out;
    if (options.device == DeviceChoice::automatic && !built_for_gpu()) return out;
    const auto places = gather(comm, {comm.host(), comm.node_rank(), survey_gpus()});
    std::vector<std::byte> message;
    if (comm.rank() == 0) {
        const GpuMap map = map_gpus(places);
        ByteWriter bytes;
        bytes.write_text(map.problem);
        bytes.write(static_cast<std::int32_t>(map.compute_major));
        for (const int device : map.device) bytes.write(static_cast<std::int32_t>(device));
        message = bytes.take();
        out.lines = map.lines;
        out.warnings = map.warnings;
        if (!map.problem.empty()) out.lines = {"no GPU: " + map.problem};
    }
    comm.broadcast(message, 0);
    ByteReader in(message, "GPU map");
    const std::string problem = text_from(in);
    const int major = in.read<std::int32_t>();
    if (!problem.empty()) {
        if (options.device == DeviceChoice::gpu)
            throw Error(ErrorKind::environment,
                        fmt::format("--device gpu: {} (or use --device cpu)", problem));
        return out;
    }
    GpuSettings mine;
    mine.precision = resolve(options.precision, major);
    for (int rank = 0; rank <= comm.rank(); ++rank) mine.device = in.read<std::int32_t>();
    out.gpu = mine;
    return out;
}

}  // namespace cytofleet
