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
    Npy array(const std::string& wanted) const;
};

/// All cases of oracle()/part, sorted by name. Throws when there are fewer than even the compact
/// subset has.
std::vector<Case> cases(const std::string& part);

/// oracle()/models/name. The subset leaves cyto_mini to launch/demo, where it is for users: that
/// file is taken when the manifest says it is the same. Throws when there is neither.
std::filesystem::path model_file(const std::string& name);

/// oracle()/models/manifest.json.
nlohmann::json model_manifest();

}  // namespace cytofleet::test
