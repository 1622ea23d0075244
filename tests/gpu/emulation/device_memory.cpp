// Device memory of the emulation: the host's, of exact sizes so that a sanitizer sees a step
// beyond.
#include "kernels/support/device_memory.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <list>
#include <map>
#include <stdexcept>

#include "gpu/emulation/inside.hpp"
#include "gpu/emulation/live_memory.hpp"
#include "gpu/emulation/memory_limit.hpp"
#include "gpu/emulation/stream.hpp"
#include "kernels/support/streams.hpp"

namespace cytofleet {
namespace {

struct Piece {
    std::size_t bytes = 0;
    std::uint64_t number = 0;  ///< of all allocations
};
using Pieces = std::map<const std::byte*, Piece>;

std::size_t limit = std::numeric_limits<std::size_t>::max();
std::size_t used = 0;
std::size_t most_used = 0;
std::uint64_t allocations = 0;
std::int64_t before_failure = -1;
Pieces pieces;
/// Released, but not given to the host yet: an address that comes again at once would hide who
/// still uses it. AddressSanitizer does this better.
#if defined(__SANITIZE_ADDRESS__)
constexpr std::size_t most_kept_back = 0;
#else
constexpr std::size_t most_kept_back = std::size_t{64} << 20;
#endif
std::list<std::pair<Pieces::node_type, void*>> kept_back;
std::size_t kept_back_bytes = 0;

/// What word `i` of a piece holds at first.
std::uint32_t first_word(const Piece& piece, std::size_t i) {
    std::uint64_t mixed = (piece.number << 32 ^ i) * 0x9E3779B97F4A7C15U;
    mixed ^= mixed >> 29;
    mixed *= 0xBF58476D1CE4E5B9U;
    return static_cast<std::uint32_t>(mixed >> 32);
}

/// The piece that holds `place`, or the end.
Pieces::const_iterator piece_at(const void* place) {
    const auto* const at = static_cast<const std::byte*>(place);
    auto found = pieces.upper_bound(at);
    if (found == pieces.begin()) return pieces.end();
    --found;
    return at < found->first + found->second.bytes ? found : pieces.end();
}

void fail_if_told() {
    if (before_failure >= 0 && before_failure-- == 0)
        throw cuda::OutOfDeviceMemory("memory is refused because a test wants it");
}

}  // namespace

namespace test {

MemoryLimit::MemoryLimit(std::size_t bytes) {
    limit = bytes > std::numeric_limits<std::size_t>::max() - used ? bytes : used + bytes;
}
MemoryLimit::~MemoryLimit() {
    limit = std::numeric_limits<std::size_t>::max();
}

MemoryPeak::MemoryPeak() : before_(used) {
    most_used = used;
}
std::size_t MemoryPeak::bytes() const {
    return most_used - before_;
}

FailingAllocation::FailingAllocation(std::int64_t before) {
    before_failure = before;
}
FailingAllocation::~FailingAllocation() {
    before_failure = -1;
}
bool FailingAllocation::happened() const {
    return before_failure < 0;
}

}  // namespace test

namespace emulation {

bool is_live(const void* place) {
    return piece_at(place) != pieces.end();
}

void check_written(const void* from, std::size_t bytes) {
    const auto piece = piece_at(from);
    const auto* const at = static_cast<const std::byte*>(from);
    if (piece == pieces.end() || at + bytes > piece->first + piece->second.bytes)
        throw std::logic_error("a copy from where no device memory is");
    constexpr std::size_t word = sizeof(std::uint32_t);
    const auto begin = static_cast<std::size_t>(at - piece->first);
    for (std::size_t i = (begin + word - 1) / word; (i + 1) * word <= begin + bytes; ++i) {
        std::uint32_t here = 0;
        std::memcpy(&here, piece->first + i * word, word);
        if (here == first_word(piece->second, i))
            throw std::logic_error("a copy of " + std::to_string(bytes) +
                                   " bytes, of which nobody wrote those from " +
                                   std::to_string(i * word - begin) + " on");
    }
}

}  // namespace emulation

namespace cuda {

void* allocate(std::size_t bytes) {
    const emulation::Inside inside;
    fail_if_told();
    void* memory = nullptr;
    if (bytes > limit - used || posix_memalign(&memory, 256, bytes == 0 ? 1 : bytes) != 0)
        throw OutOfDeviceMemory("the emulated GPU has no " + std::to_string(bytes) + " bytes left");
    // A device's memory holds anything at first.
    auto* const place = static_cast<std::byte*>(memory);
    const Piece piece{bytes, ++allocations};
    for (std::size_t at = 0; at < bytes; at += sizeof(std::uint32_t)) {
        const std::uint32_t word = first_word(piece, at / sizeof(word));
        std::memcpy(place + at, &word, std::min(sizeof(word), bytes - at));
    }
    pieces.emplace(place, piece);
    used += bytes;
    most_used = std::max(most_used, used);
    return memory;
}

void release(void* memory) noexcept {
    if (memory == nullptr) return;
    const emulation::Inside inside;
    emulation::finish_all();
    auto piece = pieces.extract(static_cast<const std::byte*>(memory));
    const std::size_t bytes = piece.mapped().bytes;
    used -= bytes;
    std::memset(memory, 0xDD, bytes);
    kept_back.emplace_back(std::move(piece), memory);
    kept_back_bytes += bytes;
    while (kept_back_bytes > most_kept_back) {
        kept_back_bytes -= kept_back.front().first.mapped().bytes;
        std::free(kept_back.front().second);  // NOLINT(cppcoreguidelines-no-malloc): it came so
        kept_back.pop_front();
    }
}

void copy_up(Stream stream, void* device, const void* host, std::size_t bytes) {
    if (bytes == 0) return;
    const emulation::Inside inside;
    emulation::put(stream,
                   {[=] { std::memcpy(device, host, bytes); }, emulation::names_of(device)});
}

void copy_down(Stream stream, void* host, const void* device, std::size_t bytes) {
    if (bytes == 0) return;
    const emulation::Inside inside;
    const auto copy = [=] {
        emulation::check_written(device, bytes);
        std::memcpy(host, device, bytes);
    };
    emulation::put(stream, {copy, emulation::names_of(device)});
}

void copy_across(Stream stream, void* to, const void* from, std::size_t bytes) {
    if (bytes == 0) return;
    const emulation::Inside inside;
    const auto copy = [=] {
        emulation::check_written(from, bytes);
        std::memcpy(to, from, bytes);
    };
    emulation::put(stream, {copy, emulation::names_of(to, from)});
}

void fill(Stream stream, void* device, int value, std::size_t bytes) {
    if (bytes == 0) return;
    const emulation::Inside inside;
    emulation::put(stream,
                   {[=] { std::memset(device, value, bytes); }, emulation::names_of(device)});
}

void synchronize(Stream stream) {
    if (emulation::capturing(stream))
        emulation::refuse_while_capturing(stream, "waiting for the stream");
    emulation::finish(stream);
}

void* allocate_pinned(std::size_t bytes) {
    const emulation::Inside inside;
    fail_if_told();
    return std::malloc(bytes == 0 ? 1 : bytes);  // NOLINT(cppcoreguidelines-no-malloc)
}

void release_pinned(void* memory) noexcept {
    std::free(memory);  // NOLINT(cppcoreguidelines-no-malloc): it came so
}

OwnStream::OwnStream() : stream_(emulation::make_stream()) {}
OwnStream::~OwnStream() {
    emulation::end_stream(stream_);
}

struct Event::Moment {
    std::shared_ptr<emulation::Mark> mark;
};
Event::Event() : moment_(std::make_unique<Moment>()) {}
Event::~Event() = default;
Event::Event(Event&&) noexcept = default;
Event& Event::operator=(Event&&) noexcept = default;

void Event::record(Stream stream) {
    moment_->mark = emulation::mark(stream);
}
void Event::hold_up(Stream stream) const {
    const emulation::Inside inside;
    if (emulation::capturing(stream))
        throw std::logic_error("the emulation does not know events in what is captured");
    if (moment_->mark)
        emulation::put(stream, {[mark = moment_->mark] { emulation::reach(*mark); }, {}});
}
void Event::wait() const {
    if (moment_->mark) emulation::reach(*moment_->mark);
}
double Event::seconds_since(const Event& earlier) const {
    if (!moment_->mark->past || !earlier.moment_->mark->past)
        throw std::logic_error("the time of an event that is not past");
    return moment_->mark->seconds - earlier.moment_->mark->seconds;
}

}  // namespace cuda
}  // namespace cytofleet
