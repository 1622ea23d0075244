#include "app/doctor/finding.hpp"

#include <algorithm>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/shown_format.hpp"

namespace cytofleet {
namespace {

std::string_view name_of(Health health) {
    if (health == Health::ok) return "ok";
    return health == Health::warn ? "warn" : "fail";
}

}  // namespace

std::string text_of(const std::vector<Finding>& findings) {
    std::size_t width = 0;
    for (const Finding& finding : findings) width = std::max(width, finding.what.size());
    std::string out;
    for (const Finding& finding : findings) {
        out += shown_format("{:<5} {:<{}}  {}", name_of(finding.health), finding.what, width,
                            finding.found);
        if (!finding.remedy.empty()) out += shown_format("; {}", finding.remedy);
        out += "\n";
    }
    return out;
}

std::string json_of(const std::vector<Finding>& findings) {
    using Json = nlohmann::ordered_json;
    Json out = Json::array();
    for (const Finding& finding : findings)
        out.push_back({{"health", name_of(finding.health)},
                       {"what", finding.what},
                       {"found", finding.found},
                       {"remedy", finding.remedy}});
    return out.dump(2, ' ', true, Json::error_handler_t::replace) + "\n";
}

}  // namespace cytofleet
