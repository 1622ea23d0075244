// Streams of the emulation. The default one runs its work at once. Others run it when somebody
// waits for it, which is as late as a device may: what a host frees, changes or reads too early
// shows. One that is being captured keeps its work for the record.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <type_traits>
#include <vector>

#include "kernels/support/device_memory.hpp"

namespace cytofleet::emulation {

using cuda::Stream;

struct Work {
    std::function<void()> run;
    std::vector<const void*> names;  ///< places in device memory, as far as they were seen
};

void put(Stream stream, Work work);
/// Runs what the stream still has; throws what that throws, after which it has nothing.
void finish(Stream stream);
/// The same for all streams, as freeing memory does. What is thrown waits for the next finish().
void finish_all() noexcept;
/// False on the default stream and after the record was spoilt or ended.
bool capturing(Stream stream);
/// As CUDA has it: what must not be done while a stream is captured fails and spoils the record.
[[noreturn]] void refuse_while_capturing(Stream stream, const char* what);

Stream make_stream();
void end_stream(Stream stream) noexcept;
void begin_capture(Stream stream);
/// What was put since; null where the record is spoilt.
std::unique_ptr<std::vector<Work>> end_capture(Stream stream);

/// A moment in a stream's work.
struct Mark {
    Stream stream = nullptr;
    bool past = false;
    double seconds = 0;
};
std::shared_ptr<Mark> mark(Stream stream);
/// Runs the stream's work up to there.
void reach(const Mark& there);

/// Adds the words of `value` that are addresses in device memory. A number that happens to be one
/// is taken for one, which does no harm.
void add_names(std::vector<const void*>& names, const std::byte* value, std::size_t bytes);

/// The pointers in the values that a kernel or a plan is given, inside of structs too.
template <typename... Values>
std::vector<const void*> names_of(const Values&... values) {
    static_assert((std::is_trivially_copyable_v<Values> && ...), "kernels get plain data");
    std::vector<const void*> out;
    (add_names(out, reinterpret_cast<const std::byte*>(&values), sizeof(Values)), ...);
    return out;
}

}  // namespace cytofleet::emulation
