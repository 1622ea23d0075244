// Any bytes as a run's start, as they are and with a checksum that fits: a start or none.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/hash.hpp"
#include "schedule/run_folder.hpp"

namespace {

using Json = nlohmann::ordered_json;

void check(const std::string& text) {
    const auto start = cytofleet::start_from_text(text, 1);
    if (!start) return;
    if (start->start < 0 || start->damaged || start->number != 1) std::abort();
    const auto again = cytofleet::start_from_text(cytofleet::text_of(*start), 1);
    if (!again || again->start != start->start || again->settings.size() > start->settings.size())
        std::abort();
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    check(text);
    // What is nested deeper would be too deep for this one's own dump().
    const auto shallow = [](int depth, Json::parse_event_t /*event*/, Json& /*value*/) {
        return depth < 32;
    };
    Json json = Json::parse(text, shallow, false);
    if (!json.is_object()) return 0;
    json.erase("sum");
    const std::string body = json.dump(-1, ' ', false, Json::error_handler_t::replace);
    json["sum"] = fmt::format("{:016x}", cytofleet::checksum(std::as_bytes(std::span(body))));
    check(json.dump(-1, ' ', false, Json::error_handler_t::replace));
    return 0;
}
