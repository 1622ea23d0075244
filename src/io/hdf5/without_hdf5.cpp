// Builds without HDF5 say so when they are asked for it.
#include "base/error.hpp"
#include "io/hdf5/hdf5_labels.hpp"

namespace cytofleet {
namespace {

[[noreturn]] void refuse() {
    throw Error(ErrorKind::environment,
                "this program was built without HDF5; build it where HDF5 is (on Debian: "
                "libhdf5-openmpi-dev) with -DCYTOFLEET_HDF5=ON");
}

}  // namespace

struct Hdf5Writer::State {};

bool has_hdf5() {
    return false;
}
std::string hdf5_library() {
    return "not built in";
}

Hdf5Writer::Hdf5Writer(std::filesystem::path /*path*/, const void* /*comm*/) {
    refuse();
}
Hdf5Writer::~Hdf5Writer() = default;
Hdf5Written Hdf5Writer::write(std::span<const Hdf5Scene> /*scenes*/, const Hdf5Planes& /*planes*/) {
    refuse();
}
void Hdf5Writer::commit(const std::function<void()>& /*before*/,
                        const MayReplace& /*may_replace*/) {
    refuse();
}

Hdf5Check verify_hdf5(const std::filesystem::path& /*path*/) {
    refuse();
}

}  // namespace cytofleet
