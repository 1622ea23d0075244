#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <random>
#include <sys/stat.h>

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/fault_point.hpp"
#include "base/guarded_folder.hpp"
#include "base/hash.hpp"
#include "io/atomic_file.hpp"
#include "io/hdf5/attributes.hpp"
#include "io/hdf5/disk_space.hpp"
#include "io/hdf5/hdf5_labels.hpp"
#include "io/hdf5/label_file.hpp"

namespace cytofleet {

namespace fs = std::filesystem;

namespace hdf5 {
namespace {

constexpr const char* unwritable = "cannot be written";
constexpr std::uint64_t metadata_room = std::uint64_t{1} << 20;
constexpr std::int64_t rounds_between_flushes = 16;

std::string owner_of(int descriptor) {
    struct stat facts {};
    return fstat(descriptor, &facts) == 0 ? std::to_string(facts.st_uid) : "";
}

/// No file of the user that is there already begins so.
std::string random_token() {
    std::random_device random;
    return fmt::format("{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random());
}

/// A file that is open for writing; closed with it, by all its ranks together.
struct OpenFile {
    Handle transfer;
    Handle file;
};

}  // namespace

/// The phases of a file. What only rank 0 does is done through HDF5 as one process has it; shared
/// by the ranks is nothing but the planes.
struct Phases {
    Phases(fs::path file, const void* comm)
        : ranks(comm), calls(ErrorKind::output, std::move(file)) {
        std::string name;
        std::string token;
        std::string owner;
        ranks.on_first([&] {
            out.emplace(calls.file());
            token = random_token();
            out->append(std::as_bytes(std::span(token)));
            out->sync();
            owner = owner_of(out->descriptor());
            name = out->temporary().native();
        });
        for (std::string* text : {&name, &token, &owner}) ranks.broadcast(*text);
        ranks.together([&] {
            open_temporary_of_first(name, token, owner);
            temporary = path_of(descriptor(), name);
            if (ranks.first()) space.emplace(descriptor(), calls.file());
        });
    }

    int descriptor() const { return opened.number(); }

    /// The file that the first rank has just made, and nothing that has taken its name since: HDF5
    /// opens by names, so it gets one that leads to this open file. The first rank does it too, for
    /// its own descriptor may be of the time when the file had no name, and HDF5 asks for one.
    void open_temporary_of_first(const std::string& name, const std::string& token,
                                 const std::string& owner) {
        opened = Descriptor(open(name.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
        if (!opened) calls.refuse(fmt::format("cannot be opened ({})", std::strerror(errno)));
        struct stat facts {};
        const bool sound = fstat(opened.number(), &facts) == 0 && S_ISREG(facts.st_mode) &&
                           owner_of(opened.number()) == owner &&
                           read_up_to(opened.number(), token.size()) == token;
        if (!sound)
            calls.refuse(
                "somebody has put another file in its place; choose a folder that only "
                "you may write");
    }

    bool collection() const { return contents.size() != 1 || !names.front().empty(); }

    void take(std::span<const Hdf5Scene> scenes, const Hdf5Planes& planes) {
        ensure(!scenes.empty() && contents.empty(), "a file is written once, and has scenes");
        std::string all;
        for (const auto& scene : scenes) {
            names.push_back(scene.group);
            contents.push_back(content_of(scene));
            all += scene.group + '\0' + sha256_of(contents.back());
        }
        auto sorted = names;
        std::ranges::sort(sorted);
        ensure(scenes.size() == 1 ||
                   (std::ranges::adjacent_find(sorted) == sorted.end() && !sorted.front().empty()),
               "scenes of a collection have different groups");
        own = planes.frames;
        std::ranges::sort(own);
        for (const auto& frame : own)
            ensure(
                frame.scene < contents.size() && frame.t >= 0 && frame.t < contents[frame.scene].t,
                "planes are of the file's scenes and frames");
        fingerprint = static_cast<std::int64_t>(checksum(std::as_bytes(std::span(all))) >> 1);
    }

    /// All ranks say the same, and each frame that is done has one rank that has it.
    void agree() const {
        std::array<std::int64_t, 2> bounds{fingerprint, -fingerprint};
        ranks.largest(bounds);
        std::vector<std::uint64_t> givers;
        std::vector<std::size_t> first;
        for (const auto& content : contents) {
            first.push_back(givers.size());
            givers.resize(givers.size() + content.planes.size());
        }
        for (const auto& frame : own)
            ++givers[first[frame.scene] + static_cast<std::size_t>(frame.t)];
        ranks.sum(givers);
        ensure(bounds[0] == -bounds[1], "all ranks write the same scenes");
        for (std::size_t i = 0; i < contents.size(); ++i)
            for (std::size_t t = 0; t < contents[i].planes.size(); ++t)
                ensure(givers[first[i] + t] ==
                           (contents[i].planes[t].state == PlaneState::done ? 1U : 0U),
                       "a frame that is done has one rank that gives it, others none");
    }

    void create() {
        std::uint64_t room = metadata_room;
        for (const auto& content : contents) {
            for (const auto& [name, text] : content.provenance) room += 2 * text.size();
            room += metadata_room / 16;
        }
        space->reserve(room);
        fault_point("before the HDF5 file is created");
        const Handle access = file_access(calls);
        const Handle options = without_times(calls, H5P_FILE_CREATE);
        Handle file =
            calls.keep(H5Fcreate(temporary.c_str(), H5F_ACC_TRUNC, options.id(), access.id()),
                       H5Fclose, "cannot be created");
        const Handle groups = without_times(calls, H5P_GROUP_CREATE);
        const Handle links = calls.keep(H5Pcreate(H5P_LINK_CREATE), H5Pclose, unwritable);
        calls.ok(H5Pset_char_encoding(links.id(), H5T_CSET_UTF8), unwritable);
        if (collection()) write_text(calls, file.id(), format_attribute, collection_format);
        for (std::size_t i = 0; i < contents.size(); ++i) {
            Handle group = names[i].empty()
                               ? open_group(calls, file.id(), "")
                               : calls.keep(H5Gcreate2(file.id(), names[i].c_str(), links.id(),
                                                       groups.id(), H5P_DEFAULT),
                                            H5Gclose, unwritable);
            create_scene(calls, group.id(), contents[i]);
            calls.ok(group.close(), unwritable);
        }
        calls.ok(file.close(), unwritable);
        space->flushed();
        // An HDF5 file that ranks share gets all its chunks at once, of zeros at first.
        room = metadata_room;
        if (ranks.size() > 1)
            for (const auto& content : contents)
                room +=
                    static_cast<std::uint64_t>(content.t) * (content.plane_bytes() / 500 + 4096);
        space->reserve(room);
    }

    OpenFile open_shared() const {
        OpenFile open;
        const Handle access = file_access(calls);
        open.transfer = calls.keep(H5Pcreate(H5P_DATASET_XFER), H5Pclose, unwritable);
        calls.ok(ranks.share(access.id(), open.transfer.id()), "cannot be shared by ranks");
        open.file = calls.keep(H5Fopen(temporary.c_str(), H5F_ACC_RDWR, access.id()), H5Fclose,
                               "cannot be opened");
        return open;
    }

    void write_planes(const Hdf5Planes& planes) {
        OpenFile open;
        ranks.together([&] { open = open_shared(); });
        auto next = own.begin();
        for (std::size_t i = 0; i < contents.size(); ++i) {
            const auto end = std::find_if(next, own.end(),
                                          [&](const Hdf5Frame& frame) { return frame.scene != i; });
            write_scene(open, i, std::span(next, end), planes);
            next = end;
        }
        fault_point("before the HDF5 file is closed");
        ranks.together([&] { calls.ok(open.file.close(), unwritable); });
        fault_point("after the HDF5 file is closed");
    }

    /// In rounds of one plane for each rank, for a shared file is written by all or by none.
    void write_scene(const OpenFile& open, std::size_t i, std::span<const Hdf5Frame> frames,
                     const Hdf5Planes& planes) {
        SceneContent& content = contents[i];
        std::int64_t rounds = std::ssize(frames);
        ranks.largest(std::span(&rounds, 1));
        std::optional<LabelPlanes> labels;
        Handle group;
        ranks.together([&] {
            group = open_group(calls, open.file.id(), names[i]);
            labels.emplace(calls, group.id(), content);
        });
        const auto room = static_cast<std::uint64_t>(ranks.size()) * (content.plane_bytes() + 4096);
        for (std::int64_t round = 0; round < rounds; ++round) {
            const bool mine = round < std::ssize(frames);
            std::vector<std::byte> pixels;
            ranks.together([&] {
                if (ranks.first()) space->reserve(room + metadata_room);
                if (!mine) return;
                const Hdf5Frame& frame = frames[static_cast<std::size_t>(round)];
                pixels = read_plane(planes, frame);
                content.facts[static_cast<std::size_t>(frame.t)] = {
                    checksum(pixels), count_cells(pixels, content.wide)};
            });
            fault_point("before a plane goes into the HDF5 file");
            ranks.together([&] {
                if (mine)
                    labels->write(frames[static_cast<std::size_t>(round)].t, pixels,
                                  open.transfer.id());
                else
                    labels->write_nothing(open.transfer.id());
            });
            if (++rounds_done % rounds_between_flushes == 0) flush(open);
        }
        ranks.together([&] { labels->close(); });
    }

    std::vector<std::byte> read_plane(const Hdf5Planes& planes, const Hdf5Frame& frame) const {
        const SceneContent& content = contents[frame.scene];
        const LabelImage labels = planes.read(frame);
        ensure(labels.height == content.y && labels.width == content.x &&
                   std::ssize(labels.labels) == content.y * content.x,
               "a plane has the scene's size");
        return pixels_of(labels, content.wide);
    }

    /// What was written so far is readable even if nothing follows.
    void flush(const OpenFile& open) {
        ranks.together([&] {
            calls.ok(H5Fflush(open.file.id(), H5F_SCOPE_GLOBAL), unwritable);
            if (ranks.first()) space->flushed();
        });
    }

    /// Every rank gets to know of all planes what their rank found.
    void gather_facts() {
        for (auto& content : contents) {
            const std::uint64_t empty = checksum(std::vector<std::byte>(content.plane_bytes()));
            std::vector<std::uint64_t> all;
            for (const auto& facts : content.facts) {
                all.push_back(facts.checksum);
                all.push_back(facts.cells);
            }
            ranks.sum(all);
            for (std::size_t t = 0; t < content.facts.size(); ++t)
                content.facts[t] =
                    content.planes[t].state == PlaneState::done
                        ? PlaneFacts{all[2 * t], static_cast<std::uint32_t>(all[2 * t + 1])}
                        : PlaneFacts{empty, 0};
        }
    }

    std::string hash() const {
        if (!collection()) return sha256_of(contents.front());
        std::map<std::string, std::string> all;
        for (std::size_t i = 0; i < contents.size(); ++i) all[names[i]] = sha256_of(contents[i]);
        return sha256_of(all);
    }

    void write_facts() {
        fault_point("before the HDF5 file's tables are written");
        std::uint64_t room = metadata_room;
        for (const auto& content : contents) room += content.planes.size() * 300 + 65536;
        space->reserve(room);
        const Handle access = file_access(calls);
        Handle file = calls.keep(H5Fopen(temporary.c_str(), H5F_ACC_RDWR, access.id()), H5Fclose,
                                 "cannot be opened");
        for (std::size_t i = 0; i < contents.size(); ++i) {
            Handle group = open_group(calls, file.id(), names[i]);
            write_tables(calls, group.id(), contents[i]);
            calls.ok(group.close(), unwritable);
        }
        if (collection()) write_text(calls, file.id(), contents_attribute, hash());
        calls.ok(file.close(), unwritable);
        space->release();
        out->sync();
    }

    /// Each rank its own planes, rank 0 what is said about them.
    void read_back() const {
        const Calls reading(ErrorKind::output, calls.file());
        const LabelFile file(reading, temporary);
        std::vector<std::string> problems = file.problems();
        if (file.contents() != hash()) problems.emplace_back("another file is there");
        for (const auto& scene : file.scenes()) {
            const auto at = std::ranges::find(names, scene.group);
            if (at == names.end()) continue;  // then the hash is wrong too
            const auto number = static_cast<std::size_t>(at - names.begin());
            for (const auto& frame : own)
                if (frame.scene == number && problems.empty())
                    problems = file.problems_of(scene, frame.t);
        }
        if (!problems.empty())
            calls.refuse(fmt::format("what was written cannot be read back ({}); check the disk",
                                     problems.front()));
    }

    Ranks ranks;
    Calls calls;
    std::optional<AtomicFile> out;   ///< rank 0's
    std::optional<DiskSpace> space;  ///< rank 0's
    Descriptor opened;               ///< the same file, opened by its name
    fs::path temporary;              ///< of the open file: for HDF5
    std::vector<std::string> names;  ///< of groups
    std::vector<SceneContent> contents;
    std::vector<Hdf5Frame> own;  ///< in order
    std::int64_t fingerprint = 0;
    std::int64_t rounds_done = 0;  ///< of all scenes
};

}  // namespace hdf5

struct Hdf5Writer::State : hdf5::Phases {
    using Phases::Phases;
};

Hdf5Writer::Hdf5Writer(fs::path path, const void* comm)
    : state_(std::make_unique<State>(std::move(path), comm)) {}

Hdf5Writer::~Hdf5Writer() = default;

Hdf5Written Hdf5Writer::write(std::span<const Hdf5Scene> scenes, const Hdf5Planes& planes) {
    State& s = *state_;
    s.ranks.together([&] { s.take(scenes, planes); });
    s.agree();
    s.ranks.on_first([&] { s.create(); });
    s.write_planes(planes);
    s.gather_facts();
    s.ranks.on_first([&] { s.write_facts(); });
    fault_point("before the HDF5 file is read back");
    s.ranks.together([&] { s.read_back(); });
    std::string bytes;
    std::string changed;
    Hdf5Written out;
    s.ranks.on_first([&] {
        bytes = std::to_string(fs::file_size(s.temporary));
        changed = std::to_string(time_of_change(s.descriptor()));
        out.sha256 = sha256_of(s.descriptor(), s.calls.file());
    });
    for (std::string* text : {&bytes, &changed, &out.sha256}) s.ranks.broadcast(*text);
    out.bytes = std::stoull(bytes);
    out.changed = std::stoll(changed);
    out.contents = s.hash();
    return out;
}

void Hdf5Writer::commit(const std::function<void()>& before, const MayReplace& may_replace) {
    state_->ranks.on_first([&] {
        if (before) before();
        state_->out->commit(may_replace);
    });
}

}  // namespace cytofleet
