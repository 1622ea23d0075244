#include "schedule/journal_events.hpp"

#include <charconv>
#include <cmath>
#include <span>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/hash.hpp"
#include "base/text.hpp"

namespace cytofleet {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view seal_begin = ",\"sum\":\"";
constexpr std::string_view seal_end = "\"}";
constexpr std::size_t digits = 16;

std::string hex(std::uint64_t value) {
    return fmt::format("{:016x}", value);
}

std::uint64_t from_hex(const std::string& text) {
    std::uint64_t value = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    if (failed != std::errc() || end != text.data() + text.size() || text.size() != digits)
        throw nlohmann::json::other_error::create(500, "not a checksum", nullptr);
    return value;
}

std::string seal_of(std::string_view text) {
    return hex(checksum(std::as_bytes(std::span(text))));
}

/// The JSON library converts numbers of any kind and size to the type asked for.
template <typename T>
void take_whole(const Json& value, T& out) {
    const bool fits = value.is_number_unsigned() ? std::in_range<T>(value.get<std::uint64_t>())
                                                 : value.is_number_integer() &&
                                                       std::in_range<T>(value.get<std::int64_t>());
    if (!fits)
        throw nlohmann::json::other_error::create(500, "not a whole number that fits", nullptr);
    out = value.get<T>();
}

std::int64_t whole_in(const Json& value) {
    std::int64_t out = 0;
    take_whole(value, out);
    return out;
}

/// JSON has none but finite ones.
double number(double value) {
    return std::isfinite(value) ? value : 0;
}

void put_scene(Json& out, const SceneName& scene) {
    out["in"] = scene.input;
    out["s"] = scene.scene;
}
SceneName scene_in(const Json& in) {
    return {in.at("in").get<std::string>(), whole_in(in.at("s"))};
}
std::vector<std::int64_t> numbers_in(const Json& in, const char* name) {
    std::vector<std::int64_t> out;
    for (const Json& value : in.at(name)) out.push_back(whole_in(value));
    return out;
}

Json to_json(const AttemptEvent& event) {
    return {{"e", "attempt"},       {"attempt", event.attempt}, {"rank", event.rank},
            {"ranks", event.ranks}, {"shard", event.shard},     {"host", printable(event.host)},
            {"pid", event.process}, {"clock", event.clock}};
}
Json to_json(const JobEvent& event) {
    Json out{{"e", "job"}};
    put_scene(out, event.scene);
    out["path"] = event.path;
    out["stem"] = event.stem;
    out["frames"] = event.frames;
    out["pixels"] = event.pixels;
    return out;
}
Json to_json(const BeginEvent& event) {
    Json out{{"e", "begin"}};
    put_scene(out, event.scene);
    out["t"] = event.frames;
    return out;
}
Json to_json(const FrameEvent& event) {
    Json out{{"e", "frame"}};
    put_scene(out, event.scene);
    out["t"] = event.t;
    out["at"] = event.offset;
    out["bytes"] = event.length;
    out["plane"] = hex(event.checksum);
    out["cells"] = event.cells;
    out["largest"] = event.largest;
    const FrameTimes& times = event.times;
    out["times"] = {number(times.read), number(times.prepare), number(times.network),
                    number(times.masks)};
    if (!event.notes.empty()) out["notes"] = event.notes;
    return out;
}
Json to_json(const FailedEvent& event) {
    Json out{{"e", event.final ? "quarantine" : "failed"}};
    put_scene(out, event.scene);
    out["t"] = event.t;
    out["why"] = event.reason;
    return out;
}
Json to_json(const ForgiveEvent& event) {
    return {{"e", "forgive"}, {"attempts", event.attempts}};
}
Json to_json(const OutputEvent& event) {
    Json out{{"e", "output"}};
    put_scene(out, event.scene);
    out["path"] = event.path;
    out["bytes"] = event.bytes;
    out["sha256"] = event.sha256;
    out["changed"] = event.changed;
    out["frames"] = event.frames;
    out["cells"] = event.cells;
    out["empty"] = event.empty;
    out["quarantined"] = event.quarantined;
    return out;
}
Json to_json(const EndEvent& event) {
    return {{"e", "end"}, {"code", event.code}};
}

FrameEvent frame_in(const Json& in) {
    FrameEvent out;
    out.scene = scene_in(in);
    take_whole(in.at("t"), out.t);
    take_whole(in.at("at"), out.offset);
    take_whole(in.at("bytes"), out.length);
    out.checksum = from_hex(in.at("plane").get<std::string>());
    take_whole(in.at("cells"), out.cells);
    take_whole(in.at("largest"), out.largest);
    const auto times = in.at("times").get<std::vector<double>>();
    out.times = {times.at(0), times.at(1), times.at(2), times.at(3)};
    if (in.contains("notes")) in.at("notes").get_to(out.notes);
    return out;
}

OutputEvent output_in(const Json& in) {
    OutputEvent out;
    out.scene = scene_in(in);
    in.at("path").get_to(out.path);
    take_whole(in.at("bytes"), out.bytes);
    in.at("sha256").get_to(out.sha256);
    take_whole(in.at("changed"), out.changed);
    take_whole(in.at("frames"), out.frames);
    take_whole(in.at("cells"), out.cells);
    out.empty = numbers_in(in, "empty");
    take_whole(in.at("quarantined"), out.quarantined);
    return out;
}

AttemptEvent attempt_in(const Json& in) {
    AttemptEvent out;
    in.at("attempt").get_to(out.attempt);
    take_whole(in.at("rank"), out.rank);
    take_whole(in.at("ranks"), out.ranks);
    in.at("shard").get_to(out.shard);
    in.at("host").get_to(out.host);
    take_whole(in.at("pid"), out.process);
    take_whole(in.at("clock"), out.clock);
    return out;
}

std::optional<JournalEvent> from_json(const Json& in) {
    const auto kind = in.at("e").get<std::string>();
    const auto text = [&](const char* name) { return in.at(name).get<std::string>(); };
    const auto number = [&](const char* name) { return whole_in(in.at(name)); };
    if (kind == "frame") return frame_in(in);
    if (kind == "begin") return BeginEvent{scene_in(in), numbers_in(in, "t")};
    if (kind == "job")
        return JobEvent{scene_in(in), text("path"), text("stem"), number("frames"),
                        number("pixels")};
    if (kind == "failed" || kind == "quarantine")
        return FailedEvent{scene_in(in), number("t"), text("why"), kind == "quarantine"};
    if (kind == "output") return output_in(in);
    if (kind == "attempt") return attempt_in(in);
    if (kind == "forgive") return ForgiveEvent{in.at("attempts").get<std::vector<std::string>>()};
    if (kind == "end") {
        EndEvent out;
        take_whole(in.at("code"), out.code);
        return out;
    }
    return std::nullopt;
}

}  // namespace

std::string line_of(const JournalEvent& event) {
    const Json json = std::visit([](const auto& kind) { return to_json(kind); }, event);
    // Texts of foreign origin may hold any byte.
    std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
    text.pop_back();
    const std::string seal = seal_of(text);
    return text.append(seal_begin).append(seal).append(seal_end);
}

std::optional<JournalEvent> event_of(std::string_view line) {
    const std::size_t seal = seal_begin.size() + digits + seal_end.size();
    if (line.size() <= seal) return std::nullopt;
    const std::string_view text = line.substr(0, line.size() - seal);
    const std::string_view rest = line.substr(text.size());
    if (!rest.starts_with(seal_begin) || !rest.ends_with(seal_end) ||
        rest.substr(seal_begin.size(), digits) != seal_of(text))
        return std::nullopt;
    try {
        return from_json(Json::parse(line));
    } catch (const nlohmann::json::exception&) {
        return std::nullopt;
    } catch (const std::out_of_range&) {
        return std::nullopt;
    }
}

}  // namespace cytofleet
