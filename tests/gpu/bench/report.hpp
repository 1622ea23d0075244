// What the GPU benchmark found: a table for people, JSON for programs.
#pragma once

#include <filesystem>
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

class Report {
  public:
    /// A row of a section; rows of one section have the same fields.
    void add(const std::string& section, Fields fields);
    /// A figure that the project wants to reach. `got` is none where it could not be judged, which
    /// `why` then says.
    void bar(const std::string& what, std::optional<double> got, double wanted, bool at_least,
             const std::string& unit, const std::string& why = "");
    /// A result that is not what it must be: the program fails.
    void wrong(const std::string& what);
    bool all_right() const { return wrong_.empty(); }
    std::string table() const;
    /// Throws Error{output}.
    void write_json(const std::filesystem::path& file) const;

  private:
    struct Section {
        std::string name;
        std::vector<Fields> rows;
    };
    std::vector<Section> sections_;
    std::vector<std::string> wrong_;
};

}  // namespace cytofleet::bench
