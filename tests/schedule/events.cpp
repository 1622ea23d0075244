#include "schedule/events.hpp"

#include <limits>

namespace cytofleet::test {
namespace {

template <typename T>
constexpr T most = std::numeric_limits<T>::max();
template <typename T>
constexpr T least = std::numeric_limits<T>::min();

}  // namespace

AttemptEvent attempt(const std::string& name, int rank) {
    AttemptEvent out;
    out.attempt = name;
    out.rank = rank;
    out.ranks = 4;
    out.host = "node";
    out.process = 1234;
    out.clock = 1'700'000'000;
    return out;
}

FrameEvent frame(const SceneName& scene, std::int64_t t, std::uint64_t offset,
                 std::uint64_t length) {
    FrameEvent out;
    out.scene = scene;
    out.t = t;
    out.offset = offset;
    out.length = length;
    out.checksum = 0x9e3779b97f4a7c15U * static_cast<std::uint64_t>(t + 1);
    out.cells = static_cast<std::uint32_t>(t);
    out.largest = 7;
    return out;
}

std::vector<JournalEvent> all_kinds() {
    const std::string text = hostile_text;
    const SceneName scene{"0011223344556677", 2};
    const SceneName odd{text, least<std::int64_t>};
    FrameEvent big;
    big.scene = odd;
    big.t = most<std::int64_t>;
    big.offset = big.length = big.checksum = most<std::uint64_t>;
    big.cells = big.largest = most<std::uint32_t>;
    big.times = {most<double>, least<double>, 0.1, 1e-300};
    big.notes = {text, "", "plain"};
    return {
        attempt("20240101T000000-abcdef"),
        AttemptEvent{text, most<std::int32_t>, least<std::int32_t>, "2/8", "host",
                     most<std::int64_t>, least<std::int64_t>},
        AttemptEvent{},
        JobEvent{scene, "folder/movie.tif", "movie", 12, 1 << 20},
        JobEvent{odd, text, text, most<std::int64_t>, least<std::int64_t>},
        BeginEvent{scene, {3, 4, 5}},
        BeginEvent{odd, {most<std::int64_t>, least<std::int64_t>}},
        BeginEvent{},
        frame(scene, 3, 100, 50),
        big,
        FrameEvent{},
        FailedEvent{scene, 4, "no luck", false},
        FailedEvent{odd, least<std::int64_t>, text, true},
        ForgiveEvent{{"a", text, ""}},
        ForgiveEvent{},
        OutputEvent{scene, "out/movie.ome.tif", 1234, std::string(64, 'a'), 5, 12, 34, {1, 2}, 1},
        OutputEvent{odd,
                    text,
                    most<std::uint64_t>,
                    text,
                    least<std::int64_t>,
                    most<std::int64_t>,
                    most<std::uint64_t>,
                    {most<std::int64_t>},
                    least<std::int64_t>},
        EndEvent{85},
        EndEvent{least<std::int32_t>},
    };
}

}  // namespace cytofleet::test
