// What the GPU benchmark found: a table for people, JSON for programs. Both have every figure as
// soon as it is measured, since whoever runs it may have to kill it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "gpu/bench/values.hpp"

namespace cytofleet::bench {

class Report {
  public:
    /// `json`: written anew after every row, beside itself and then renamed, so that it is whole
    /// whenever the program dies; "complete" is false until the end. Empty: none. Throws
    /// Error{output}.
    explicit Report(std::filesystem::path json);
    /// A row of a section of that name, printed at once; rows of one section have the same fields.
    void add(const std::string& name, Fields fields);
    /// A figure that the project wants to reach. `got` is none where it could not be judged, which
    /// `why` then says.
    void bar(const std::string& what, std::optional<double> got, double wanted, bool at_least,
             const std::string& unit, const std::string& why = "");
    /// How long a step of a part took: where a run's time goes.
    void took(const std::string& part, const std::string& step, double seconds);
    /// A result that is not what it must be: the program fails.
    void wrong(const std::string& what);
    /// A part that did not come to its end: the program fails, and its JSON stays incomplete.
    void failed(const std::string& part, const std::string& why);
    /// The run is at its end: prints the bars, and what is wrong, once more. True: all is well.
    /// Throws Error{output} where the JSON could not be written.
    bool finish();

  private:
    struct Section {
        std::string name;
        std::vector<Fields> rows;
        std::vector<std::size_t> widths;
    };
    Section& section_of(const std::string& name);
    static void print_header(Section& section);
    static void print_row(Section& section, const Fields& row);
    void complain(const std::string& line);
    std::string json() const;
    void save();

    std::filesystem::path file_;
    std::vector<Section> sections_;
    std::vector<std::string> wrong_;
    std::vector<std::string> failed_;
    std::string shown_;    ///< section whose rows are being printed
    std::string unsaved_;  ///< why the JSON could not be written lately
    bool complete_ = false;
};

}  // namespace cytofleet::bench
