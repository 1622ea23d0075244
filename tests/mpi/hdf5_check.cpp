// HDF5 label files written by all ranks. Started by tests/mpi/hdf5_test; rank 0 prints what came of
// it in one line. Usage: test_hdf5_mpi MODE PATH
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include <mpi.h>

#include "base/error.hpp"
#include "io/hdf5_scenes.hpp"

namespace cytofleet {
namespace {

struct World {
    World() {
        MPI_Comm_rank(comm, &rank);
        MPI_Comm_size(comm, &size);
    }
    MPI_Comm comm = MPI_COMM_WORLD;
    int rank = 0;
    int size = 1;
};

std::vector<Hdf5Scene> scenes_for(const std::string& mode) {
    if (mode == "collection")
        return {test::block_scene("first", 7, 60, 40, false),
                test::block_scene("second", 1, 30, 50, true),
                test::block_scene("third", 40, 25, 25, false)};
    return {
        test::block_scene("", mode == "large" ? 40 : 23, mode == "large" ? 512 : 50, 512, false)};
}

/// Of the first rank for "uneven", of all in turn else.
std::vector<Hdf5Frame> own_frames(const std::string& mode, const World& world,
                                  const std::vector<Hdf5Scene>& scenes) {
    const auto rank = static_cast<std::size_t>(world.rank);
    if (mode == "uneven")
        return rank == 0 ? test::done_frames(scenes, 0, 1) : std::vector<Hdf5Frame>{};
    return test::done_frames(scenes, rank, static_cast<std::size_t>(world.size));
}

LabelImage labels_for(const std::string& mode, const World& world, const Hdf5Scene& scene,
                      const Hdf5Frame& frame) {
    if (mode == "fail" && world.rank == world.size - 1 && frame.t > 10)
        throw Error(ErrorKind::input, "the spool of the last rank is damaged");
    if (mode == "broken" && world.rank == world.size - 1)
        throw std::runtime_error("the last rank has a bug");
    LabelImage out = test::block_labels(scene, frame);
    // Labels that deflate badly, so that a small disk fills.
    if (mode == "large") {
        std::uint32_t state = 1U + static_cast<std::uint32_t>(frame.t);
        for (auto& label : out.labels) label = (state = state * 1664525U + 1013904223U) >> 20U;
    }
    return out;
}

std::string act(const std::string& mode, const std::string& path, const World& world) {
    const auto scenes = scenes_for(mode);
    const Hdf5Written written = write_hdf5(
        path, &world.comm, scenes, {own_frames(mode, world, scenes), [&](const Hdf5Frame& frame) {
                                        return labels_for(mode, world, scenes[frame.scene], frame);
                                    }});
    for (const auto& problem : verify_hdf5(path).problems) throw std::runtime_error(problem);
    return "contents " + written.contents;
}

}  // namespace
}  // namespace cytofleet

int main(int argc, char** argv) {
    using namespace cytofleet;
    MPI_Init(&argc, &argv);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    int code = 0;
    {
        const World world;
        std::string said;
        try {
            if (argc != 3) throw std::runtime_error("usage: test_hdf5_mpi MODE PATH");
            said = act(argv[1], argv[2], world);
        } catch (const std::exception& error) {
            said = error.what();
            code = 1;
        }
        // Every rank says the same, or somebody was left alone.
        std::printf("%s\n", said.c_str());
    }
    MPI_Finalize();
    return code;
}
