// Figures as text for people and for JSON.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace cytofleet::bench {

/// Not known: "-" in the table, null in JSON.
using Value = std::variant<std::monostate, double, std::string>;
using Fields = std::vector<std::pair<std::string, Value>>;

inline Value value_of(const std::optional<double>& number) {
    return number ? Value(*number) : Value();
}

/// For a table: three digits at least, exponents for tiny numbers only.
std::string text_of(const Value& value);

std::string quoted(const std::string& text);
std::string json_of(const Value& value);
/// An object.
std::string json_of(const Fields& fields);

}  // namespace cytofleet::bench
