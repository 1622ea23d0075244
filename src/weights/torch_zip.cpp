#include "weights/torch_zip.hpp"

#include <algorithm>
#include <deque>
#include <unordered_map>

#include <fmt/format.h>

#include "base/byte_reader.hpp"
#include "weights/pickle_machine.hpp"
#include "weights/refusal.hpp"
#include "weights/zip_reader.hpp"

namespace cytofleet {
namespace {

/// Tensors may be views that share or repeat storages, but not without end.
constexpr std::uint64_t most_tensor_bytes_per_byte = 16;

/// The archive's entries by the name behind its folder.
class Archive {
  public:
    explicit Archive(std::span<const std::byte> file) : zip_(file) {
        constexpr std::string_view pickle_name = "/data.pkl";
        for (const ZipEntry& entry : zip_.entries()) {
            if (!entry.name.ends_with(pickle_name)) continue;
            const auto folder = entry.name.substr(0, entry.name.size() - pickle_name.size());
            if (folder.find('/') != std::string_view::npos) continue;
            if (!folder_.empty()) throw damaged("holds two pickles where torch writes one");
            folder_ = folder;
            folder_ += '/';
        }
        if (folder_.empty())
            throw not_a_state_dict("is a zip file without data.pkl, so not one of torch.save");
        for (const ZipEntry& entry : zip_.entries())
            if (entry.name.starts_with(folder_))
                entries_.emplace(entry.name.substr(folder_.size()), &entry);
    }

    bool has(std::string_view name) const { return entries_.contains(name); }

    /// Contents of an entry that is there; unpacked ones live as long as this does.
    std::span<const std::byte> read(std::string_view name) {
        return zip_.read(*entries_.at(name), unpacked_.emplace_back());
    }

  private:
    ZipReader zip_;
    std::string folder_;
    std::unordered_map<std::string_view, const ZipEntry*> entries_;
    std::deque<std::vector<std::byte>> unpacked_;
};

/// Storages by key, each read and checked once.
class Storages {
  public:
    explicit Storages(Archive& archive) : archive_(archive) {}

    std::span<const std::byte> bytes(const pickle::Storage& storage) {
        const auto [slot, is_new] = seen_.try_emplace(storage.key);
        if (is_new) {
            const std::string name = fmt::format("data/{}", storage.key);
            if (!archive_.has(name))
                throw damaged(
                    fmt::format("lies in a storage {} that is not there", in_quotes(name)));
            slot->second = archive_.read(name);
        }
        const std::size_t size = element_size(storage.type);
        if (slot->second.size() % size != 0 ||
            slot->second.size() / size != static_cast<std::uint64_t>(storage.count))
            throw damaged(fmt::format("lies in a storage of {} {} that has {} bytes", storage.count,
                                      element_name(storage.type), slot->second.size()));
        return slot->second;
    }

  private:
    Archive& archive_;
    std::unordered_map<std::string_view, std::span<const std::byte>> seen_;
};

}  // namespace

StateDict read_torch_zip(std::span<const std::byte> file) {
    Archive archive(file);
    if (archive.has("constants.pkl"))
        throw not_a_state_dict("is a TorchScript archive, a program and not a state dict");
    if (archive.has("byteorder")) {
        const auto order = archive.read("byteorder");
        constexpr std::string_view little = "little";
        if (!std::ranges::equal(order, std::as_bytes(std::span(little))))
            throw not_a_state_dict("was written on a big-endian machine: load it there");
    }
    pickle::Objects objects;
    ByteReader in(archive.read("data.pkl"), "data.pkl");
    const pickle::Value root = pickle::Machine(in, objects).run();
    Storages storages(archive);
    const auto source = [&](const pickle::Storage& storage) { return storages.bytes(storage); };
    StateDict out =
        build_state_dict(objects, root, source, file.size() * most_tensor_bytes_per_byte);
    out.format = "torch zip";
    return out;
}

}  // namespace cytofleet
