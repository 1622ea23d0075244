#include "pipeline/choose_device.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/byte_reader.hpp"
#include "base/byte_writer.hpp"
#include "base/error.hpp"
#include "base/timer.hpp"
#include "pipeline/gpu_map.hpp"

namespace cytofleet {
namespace {

constexpr int place_tag = 100;

std::vector<std::byte> place_to_bytes(const RankPlace& place) {
    ByteWriter out;
    out.write_text(place.host);
    out.write(static_cast<std::int32_t>(place.node_rank));
    out.write(static_cast<std::uint8_t>(place.hung ? 1 : 0));
    out.append(to_bytes(place.survey));
    return out.take();
}

RankPlace place_from_bytes(std::span<const std::byte> bytes) {
    ByteReader in(bytes, "place of a rank");
    RankPlace out;
    out.host = in.read_text();
    out.node_rank = in.read<std::int32_t>();
    out.hung = in.read<std::uint8_t>() != 0;
    out.survey = survey_from_bytes(in);
    return out;
}

/// Ranks whose place is not known yet, for people.
std::string silent_ranks(const std::vector<std::optional<RankPlace>>& places) {
    std::vector<std::size_t> silent;
    for (std::size_t rank = 0; rank < places.size(); ++rank)
        if (!places[rank]) silent.push_back(rank);
    constexpr std::size_t most = 8;
    const std::size_t shown = std::min(most, silent.size());
    return fmt::format(
        "{} {}{}", silent.size() == 1 ? "rank" : "ranks",
        fmt::join(silent.begin(), silent.begin() + static_cast<long>(shown), ", "),
        silent.size() > shown ? fmt::format(" and {} more", silent.size() - shown) : std::string());
}

/// All ranks' places by rank, on rank 0. Throws RanksAreSilent.
std::vector<RankPlace> gather(Communicator& comm, const RankPlace& mine, double seconds) {
    if (comm.rank() != 0) {
        comm.send(0, place_tag, place_to_bytes(mine));
        return {};
    }
    std::vector<std::optional<RankPlace>> places(static_cast<std::size_t>(comm.size()));
    places.front() = mine;
    const Timer waiting;
    for (int missing = comm.size() - 1; missing > 0;) {
        const auto message = comm.poll();
        if (!message) {
            if (waiting.seconds() > seconds)
                throw RanksAreSilent(fmt::format(
                    "{} did not say within {:g} s which GPUs they have: the process or its node "
                    "hangs; leave that node out, or use --device cpu",
                    silent_ranks(places), seconds));
            std::this_thread::sleep_for(std::chrono::milliseconds{1});
            continue;
        }
        ensure(message->tag == place_tag, "places are the first messages");
        places.at(static_cast<std::size_t>(message->from)) = place_from_bytes(message->body);
        --missing;
    }
    std::vector<RankPlace> out;
    out.reserve(places.size());
    for (auto& place : places) out.push_back(std::move(*place));
    return out;
}

}  // namespace

ChosenDevice choose_device(Communicator& comm, const RunOptions& options,
                           const DeviceQuestion& question) {
    ChosenDevice out;
    if (options.device == DeviceChoice::cpu) return out;
    if (options.device == DeviceChoice::automatic && !built_for_gpu()) return out;
    const GpuSurvey survey = question.ask ? question.ask() : survey_gpus();
    const auto places =
        gather(comm, {comm.host(), comm.node_rank(), survey.found, survey.hung}, question.patience);
    std::vector<std::byte> message;
    if (comm.rank() == 0) {
        const GpuMap map = map_gpus(places);
        ByteWriter bytes;
        bytes.write_text(map.problem);
        bytes.write(static_cast<std::int32_t>(map.compute_major));
        for (const int device : map.device) bytes.write(static_cast<std::int32_t>(device));
        message = bytes.take();
        out.gpu_memory = map.memory_each;
        out.lines = map.lines;
        out.warnings = map.warnings;
        if (!map.problem.empty())
            (map.hung ? out.warnings : out.lines) = {"no GPU: " + map.problem};
    }
    comm.broadcast(message, 0);
    ByteReader in(message, "GPU map");
    const std::string problem = in.read_text();
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
