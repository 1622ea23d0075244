// SHA-256 for what people compare by hand, XXH3 for our own checksums.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "base/guarded_folder.hpp"

namespace cytofleet {

/// SHA-256 in pieces.
class Sha256 {
  public:
    Sha256();
    ~Sha256();
    Sha256(const Sha256&) = delete;
    Sha256& operator=(const Sha256&) = delete;
    void update(std::span<const std::byte> bytes);
    /// 64 lower-case hex digits; ends the computation.
    std::string hex();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

/// SHA-256 of a whole regular file, 64 hex digits. Throws Error{input} naming the file.
std::string sha256_of_file(const std::filesystem::path& path, const Route& route = {});
/// The same of an open one.
std::string sha256_of(int descriptor, const std::filesystem::path& shown);
/// XXH3, 64 bits.
std::uint64_t checksum(std::span<const std::byte> bytes);

}  // namespace cytofleet
