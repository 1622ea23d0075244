#include "app/number.hpp"

#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"

namespace cytofleet {
namespace {

template <typename T>
std::string range_text(T low, T high) {
    const bool open_low = low == std::numeric_limits<T>::lowest();
    const bool open_high = high == std::numeric_limits<T>::max();
    if (open_low && open_high) return "a number";
    if (open_high) return fmt::format("a number of at least {}", low);
    if (open_low) return fmt::format("a number of at most {}", high);
    return fmt::format("a number from {} to {}", low, high);
}

template <typename T>
T parse(std::string_view option, std::string_view text, T low, T high) {
    T value{};
    const char* end = text.data() + text.size();
    const auto [stopped, failed] = std::from_chars(text.data(), end, value);
    if (failed == std::errc() && stopped == end && value >= low && value <= high) return value;
    throw Error(ErrorKind::usage,
                fmt::format("--{} is {}; it takes {}{}", option, printable(text),
                            std::is_integral_v<T> ? "a whole " : "",
                            std::is_integral_v<T> ? range_text(low, high).substr(2)
                                                  : range_text(low, high)));
}

}  // namespace

std::int64_t whole_number(std::string_view option, std::string_view text, std::int64_t low,
                          std::int64_t high) {
    return parse(option, text, low, high);
}

double decimal_number(std::string_view option, std::string_view text, double low, double high) {
    // from_chars accepts "nan" and "inf"; no comparison with NaN holds and infinity is over any
    // limit.
    return parse(option, text, low, high);
}

}  // namespace cytofleet
