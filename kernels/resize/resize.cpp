#include "kernels/resize/resize.hpp"

#include <algorithm>
#include <limits>

#include "kernels/resize/resize_cpu.hpp"
#include "kernels/support/require.hpp"

namespace cytofleet {
namespace {

void require_plane(std::size_t size, Extent extent) {
    constexpr std::int64_t longest = std::numeric_limits<std::int32_t>::max() / 2;
    require(extent.height > 0 && extent.width > 0, "resize: an empty plane");
    require(extent.height <= longest && extent.width <= longest, "resize: a side is too long");
    require(static_cast<std::int64_t>(size) == extent.pixels(),
            "resize: plane and extent disagree");
}

/// True when there was nothing to resize.
template <class T>
bool copied(const Exec& exec, std::span<const T> in, Extent from, std::span<T> out, Extent to) {
    require(exec.threads >= 1, "resize: at least one thread");
    require_plane(in.size(), from);
    require_plane(out.size(), to);
    if (from == to) std::copy(in.begin(), in.end(), out.begin());
    return from == to;
}

}  // namespace

void resize_input(const Exec& exec, std::span<const float> in, Extent from, std::span<float> out,
                  Extent to) {
    if (!copied(exec, in, from, out, to)) cpu::resize_input(exec, in, from, out, to);
}

void resize_output(const Exec& exec, std::span<const float> in, Extent from, std::span<float> out,
                   Extent to) {
    if (!copied(exec, in, from, out, to)) cpu::resize_output(exec, in, from, out, to);
}

void resize_labels(const Exec& exec, std::span<const std::uint32_t> in, Extent from,
                   std::span<std::uint32_t> out, Extent to) {
    if (!copied(exec, in, from, out, to)) cpu::resize_labels(exec, in, from, out, to);
}

}  // namespace cytofleet
