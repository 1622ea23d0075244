// fmt::format for what people read: text that comes from elsewhere cannot command their terminal.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <type_traits>

#include <fmt/format.h>

#include "base/text.hpp"

namespace cytofleet {

/// Text and paths as printable(); anything else as it is.
template <typename T>
decltype(auto) shown(const T& value) {
    if constexpr (std::is_same_v<T, std::filesystem::path>)
        return show(value);
    else if constexpr (std::is_convertible_v<const T&, std::string_view>)
        return printable(value);
    else
        return value;
}

template <typename... Args>
using ShownFormat = fmt::format_string<decltype(shown(std::declval<const Args&>()))...>;

/// Line ends come from `format` only: it is ours, the values need not be.
template <typename... Args>
std::string shown_format(ShownFormat<Args...> format, const Args&... values) {
    return fmt::format(format, shown(values)...);
}

}  // namespace cytofleet
