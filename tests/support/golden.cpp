#include "support/golden.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <stdexcept>

#include "base/hash.hpp"

namespace cytofleet::test {

namespace fs = std::filesystem;

namespace {

/// Cases of each part in tests/data/oracle: less is no golden set.
const std::map<std::string, std::size_t> least{{"dynamics", 93}, {"end_to_end", 3},
                                               {"network", 2},   {"percentile", 14},
                                               {"resize", 19},   {"stages", 8}};

nlohmann::json read_json(const fs::path& path) {
    std::ifstream file(path);
    if (!file) throw std::runtime_error("cannot open " + path.string());
    return nlohmann::json::parse(file);
}

}  // namespace

fs::path oracle() {
    if (const char* set = std::getenv("CYTOFLEET_ORACLE"); set != nullptr && *set != '\0') {
        if (!fs::is_directory(set))
            throw std::runtime_error(std::string("CYTOFLEET_ORACLE is no folder: ") + set);
        return set;
    }
    fs::path beside = fs::path(CYTOFLEET_SOURCE) / ".." / "shared" / "oracle";
    if (fs::is_directory(beside)) return beside;
    const char* ci = std::getenv("CI");
    if (ci != nullptr && std::string(ci) == "true")
        throw std::runtime_error("CI=true, but the whole golden set is missing at " +
                                 beside.string() + "; set CYTOFLEET_ORACLE");
    return fs::path(CYTOFLEET_TEST_DATA) / "oracle";
}

Npy Case::array(const std::string& wanted) const {
    std::string file = json.at("files").at(wanted);
    std::string part;
    if (const auto bracket = file.find('['); bracket != std::string::npos) {
        part = file.substr(bracket);
        file.resize(bracket);
    }
    Npy out = load_npy(folder / file);
    if (part.empty()) return out;
    const std::size_t plane = out.bytes.size() / static_cast<std::size_t>(out.shape.at(0));
    const std::size_t first = part == "[2]" ? 2 : 0;
    const std::size_t count = part == "[2]" ? 1 : 2;
    if (part != "[2]" && part != "[0:2]") throw std::runtime_error("unknown part " + part);
    const auto* begin = out.bytes.data() + first * plane;
    std::vector<std::byte> bytes(begin, begin + count * plane);
    out.bytes = std::move(bytes);
    if (part == "[2]")
        out.shape.erase(out.shape.begin());
    else
        out.shape[0] = 2;
    return out;
}

std::vector<Case> cases(const std::string& part) {
    std::vector<Case> out;
    const fs::path root = oracle() / part;
    if (!fs::is_directory(root)) throw std::runtime_error("no golden data at " + root.string());
    for (const auto& entry : fs::directory_iterator(root)) {
        const fs::path file = entry.path() / "case.json";
        if (!fs::exists(file)) continue;  // arrays that other cases name
        out.push_back({entry.path().filename(), entry.path(), read_json(file)});
    }
    std::ranges::sort(out, {}, &Case::name);
    if (out.size() < least.at(part))
        throw std::runtime_error("golden cases are missing at " + root.string());
    return out;
}

nlohmann::json model_manifest() {
    return read_json(oracle() / "models" / "manifest.json");
}

fs::path model_file(const std::string& name) {
    fs::path file = oracle() / "models" / name;
    if (fs::exists(file)) return file;
    // Programs that were built in another place are told where the sources are here.
    const char* source = std::getenv("CYTOFLEET_SOURCE");
    fs::path demo = fs::path(source != nullptr ? source : CYTOFLEET_SOURCE) / "launch/demo" / name;
    if (fs::exists(demo) &&
        model_manifest().at("files").at(name).at("sha256") == sha256_of_file(demo))
        return demo;
    throw std::runtime_error("no golden model at " + file.string());
}

}  // namespace cytofleet::test
