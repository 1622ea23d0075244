#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/text.hpp"
#include "io/hdf5/hdf5_labels.hpp"

namespace cytofleet {
namespace {

/// HDF5 takes any UTF-8 as a link's name but slashes, "." and nothing.
std::string valid_name(const std::string& text) {
    std::string name = printable(text);
    std::ranges::replace(name, '/', '_');
    if (name.empty() || name.find_first_not_of('.') == std::string::npos) name = "_" + name;
    return name;
}

}  // namespace

std::vector<std::string> unique_group_names(std::span<const std::string> texts) {
    std::set<std::string> taken;
    for (const auto& text : texts) taken.insert(valid_name(text));
    std::set<std::string> given;
    std::vector<std::string> out;
    for (const auto& text : texts) {
        std::string name = valid_name(text);
        // A name that somebody has by nature is not made up for somebody else.
        for (int number = 2; given.contains(name); ++number) {
            std::string other = fmt::format("{}_{}", valid_name(text), number);
            if (!taken.contains(other) && !given.contains(other)) name = std::move(other);
        }
        given.insert(name);
        out.push_back(std::move(name));
    }
    return out;
}

Hdf5Written write_hdf5(const std::filesystem::path& path, const void* comm,
                       std::span<const Hdf5Scene> scenes, const Hdf5Planes& planes) {
    Hdf5Writer writer(path, comm);
    Hdf5Written out = writer.write(scenes, planes);
    writer.commit();
    return out;
}

}  // namespace cytofleet
