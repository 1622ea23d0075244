// The golden data: the compact subset in tests/data/oracle, or the whole set where it is present.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "support/npy.hpp"

namespace cytofleet::test {

/// $CYTOFLEET_ORACLE, else ../shared/oracle beside the checkout, else tests/data/oracle. With
/// CI=true the whole set must be there: throws otherwise.
std::filesystem::path oracle();

/// A folder with a case.json whose "files" maps names to arrays.
struct Case {
    std::string name;
    std::filesystem::path folder;
    nlohmann::json json;
    bool has(const std::string& array) const { return json.at("files").contains(array); }
    /// Understands "net_out.npy[0:2]" and "net_out.npy[2]".
    Npy array(const std::string& name) const;
};

/// All cases of oracle()/part, sorted by name. Throws when there is none.
std::vector<Case> cases(const std::string& part);

}  // namespace cytofleet::test
