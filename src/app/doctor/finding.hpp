// What the doctor has to say about one thing.
#pragma once

#include <string>
#include <vector>

namespace cytofleet {

enum class Health { ok, warn, fail };

struct Finding {
    Health health = Health::ok;
    std::string what;    ///< "MPI launch"
    std::string found;   ///< one line
    std::string remedy;  ///< what to do; empty when ok
};

std::string text_of(const std::vector<Finding>& findings);
std::string json_of(const std::vector<Finding>& findings);

}  // namespace cytofleet
