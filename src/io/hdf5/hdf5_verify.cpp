#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "io/hdf5/hdf5_labels.hpp"
#include "io/hdf5/label_file.hpp"
#include "io/hdf5/superblock.hpp"

namespace cytofleet {

bool has_hdf5() {
    return true;
}

std::string hdf5_library() {
    unsigned major = 0;
    unsigned minor = 0;
    unsigned release = 0;
    if (H5get_libversion(&major, &minor, &release) < 0) return "cannot be used";
#if defined(CYTOFLEET_WITH_PARALLEL_HDF5)
    constexpr const char* flavour = ", parallel";
#else
    constexpr const char* flavour = "";
#endif
    return fmt::format("{}.{}.{}{}", major, minor, release, flavour);
}

Hdf5Check verify_hdf5(const std::filesystem::path& path) {
    hdf5::check_superblock(path);
    const hdf5::Calls calls(ErrorKind::input, path);
    try {
        const hdf5::LabelFile file(calls, path);
        Hdf5Check out{0, 0, file.problems()};
        for (const auto& scene : file.scenes()) {
            out.frames += scene.content.t;
            for (std::int64_t t = 0; t < scene.content.t; ++t) {
                out.cells += scene.content.facts.at(static_cast<std::size_t>(t)).cells;
                for (auto& problem : file.problems_of(scene, t))
                    out.problems.push_back(std::move(problem));
            }
        }
        return out;
    } catch (const std::bad_alloc&) {
        calls.refuse("needs more memory to read than there is");
    }
}

}  // namespace cytofleet
