// Runs what must be refused, and gives the message.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace cytofleet::test {

inline std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text));
}

/// The one line of the Error that `action` throws; a test failure and "" when it throws none.
template <typename Action>
std::string refusal_of(Action action) {
    try {
        action();
    } catch (const Error& error) {
        const std::string message = error.what();
        EXPECT_EQ(message.find('\n'), std::string::npos) << message;
        EXPECT_FALSE(message.empty());
        return message;
    }
    ADD_FAILURE() << "nothing was refused";
    return {};
}

/// True when `action` ends well, false when it throws an Error; any other end is a failure.
template <typename Action>
bool accepts(Action action) {
    try {
        action();
        return true;
    } catch (const Error&) {
        return false;
    }
}

}  // namespace cytofleet::test
