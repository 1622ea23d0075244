#include "weights/strided_view.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "base/half.hpp"
#include "weights/refusal.hpp"

namespace cytofleet {
namespace {

static_assert(std::endian::native == std::endian::little, "storages are little-endian");

constexpr std::size_t highest_rank = 8;

/// Neither factor is negative.
std::optional<std::int64_t> product(std::int64_t a, std::int64_t b) {
    if (b != 0 && a > std::numeric_limits<std::int64_t>::max() / b) return std::nullopt;
    return a * b;
}

std::optional<std::int64_t> sum(std::int64_t a, std::int64_t b) {
    if (a > std::numeric_limits<std::int64_t>::max() - b) return std::nullopt;
    return a + b;
}

bool is_contiguous(const StridedView& view) {
    std::int64_t expected = 1;
    for (std::size_t axis = view.sizes.size(); axis-- > 0;) {
        if (view.sizes[axis] != 1 && view.strides[axis] != expected) return false;
        expected *= view.sizes[axis];
    }
    return true;
}

/// Writes convert(element) for every element of the view, in C order, to `out`, which holds them
/// all.
template <typename Stored, typename Out, typename Convert>
void gather(const StridedView& view, std::span<const std::byte> storage, std::span<Out> out,
            Convert convert) {
    const auto element = [&](std::int64_t at) {
        Stored value;
        std::memcpy(&value, storage.data() + static_cast<std::size_t>(at) * sizeof(Stored),
                    sizeof(Stored));
        return convert(value);
    };
    if (out.empty()) return;
    if (is_contiguous(view)) {
        for (std::size_t i = 0; i < out.size(); ++i)
            out[i] = element(view.offset + static_cast<std::int64_t>(i));
        return;
    }
    // An odometer over the axes; `at` is where it stands.
    std::vector<std::int64_t> index(view.sizes.size(), 0);
    std::int64_t at = view.offset;
    for (Out& value : out) {
        value = element(at);
        for (std::size_t axis = index.size(); axis-- > 0;) {
            if (++index[axis] < view.sizes[axis]) {
                at += view.strides[axis];
                break;
            }
            // Back to the axis' start: `at` never leaves the view, so it cannot overflow.
            at -= view.strides[axis] * (view.sizes[axis] - 1);
            index[axis] = 0;
        }
    }
}

}  // namespace

std::int64_t checked_count(const StridedView& view, std::int64_t storage_count) {
    if (view.sizes.size() != view.strides.size() || view.sizes.size() > highest_rank)
        throw damaged(
            fmt::format("has {} sizes and {} strides", view.sizes.size(), view.strides.size()));
    const auto is_negative = [](std::int64_t value) { return value < 0; };
    if (view.offset < 0 || std::ranges::any_of(view.sizes, is_negative) ||
        std::ranges::any_of(view.strides, is_negative))
        throw damaged("has a negative size, stride or offset");

    std::optional<std::int64_t> count = 1;
    std::optional<std::int64_t> last = view.offset;
    for (std::size_t axis = 0; axis < view.sizes.size(); ++axis) {
        const std::int64_t size = view.sizes[axis];
        if (size == 0) return 0;
        // An axis of one element is never stepped along, whatever its stride.
        const auto reach = product(size - 1, view.strides[axis]);
        if (count) count = product(*count, size);
        last = last && reach ? sum(*last, *reach) : std::nullopt;
    }
    if (!count || !last) throw damaged("has sizes and strides whose product overflows");
    if (*last >= storage_count)
        throw damaged(
            fmt::format("reaches to element {} of a storage of {}", *last, storage_count));
    return *count;
}

Tensor read_floats(const StridedView& view, std::span<const std::byte> storage) {
    ensure(is_floating(view.type), "the view holds floating point numbers");
    Tensor out{Shape(view.sizes)};
    const auto values = out.values();
    switch (view.type) {
        case ElementType::float16:
            gather<std::uint16_t>(view, storage, values, from_half);
            break;
        case ElementType::bfloat16:
            gather<std::uint16_t>(view, storage, values, from_bfloat);
            break;
        case ElementType::float64:
            gather<double>(view, storage, values, [](double x) { return static_cast<float>(x); });
            break;
        default:
            gather<float>(view, storage, values, [](float x) { return x; });
    }
    return out;
}

std::vector<std::int64_t> read_integers(const StridedView& view,
                                        std::span<const std::byte> storage) {
    ensure(!is_floating(view.type), "the view holds whole numbers");
    std::vector<std::int64_t> out(static_cast<std::size_t>(Shape(view.sizes).count()));
    const std::span values(out);
    const auto as_is = [](auto x) { return static_cast<std::int64_t>(x); };
    switch (view.type) {
        case ElementType::int64:
            gather<std::int64_t>(view, storage, values, as_is);
            break;
        case ElementType::int32:
            gather<std::int32_t>(view, storage, values, as_is);
            break;
        case ElementType::int16:
            gather<std::int16_t>(view, storage, values, as_is);
            break;
        case ElementType::int8:
            gather<std::int8_t>(view, storage, values, as_is);
            break;
        case ElementType::boolean:
            gather<std::uint8_t>(view, storage, values,
                                 [](std::uint8_t x) { return std::int64_t{x != 0}; });
            break;
        default:
            gather<std::uint8_t>(view, storage, values, as_is);
    }
    return out;
}

}  // namespace cytofleet
