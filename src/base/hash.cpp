#include "base/hash.hpp"

#include <array>
#include <cerrno>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>
#include <openssl/evp.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/error.hpp"
#include "base/sign_of_life.hpp"
#include "base/text.hpp"

namespace cytofleet {

struct Sha256::State {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
    ensure(EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr) == 1, "SHA-256 starts");
}

Sha256::~Sha256() {
    EVP_MD_CTX_free(state_->context);
}

void Sha256::update(std::span<const std::byte> bytes) {
    ensure(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) == 1, "SHA-256 goes on");
}

std::string Sha256::hex() {
    std::array<unsigned char, 32> digest{};
    ensure(EVP_DigestFinal_ex(state_->context, digest.data(), nullptr) == 1, "SHA-256 ends");
    return fmt::format("{:02x}", fmt::join(digest, ""));
}

std::string sha256_of(int descriptor, const std::filesystem::path& shown) {
    Sha256 hash;
    std::vector<std::byte> buffer(1 << 20);
    off_t at = 0;
    while (true) {
        const auto got = pread(descriptor, buffer.data(), buffer.size(), at);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw Error(ErrorKind::input, fmt::format("{}: cannot be read", show(shown)));
        if (got == 0) return hash.hex();
        hash.update(std::span(buffer).first(static_cast<std::size_t>(got)));
        at += got;
        give_sign_of_life();
    }
}

std::string sha256_of_file(const std::filesystem::path& path, const Route& route) {
    const Descriptor file(open_regular(path, route));
    if (!file)
        throw Error(ErrorKind::input,
                    fmt::format("{}: {}", show(path),
                                errno == EINVAL  ? "is no regular file"
                                : errno == EPERM ? "is a link that somebody else has made"
                                                 : "cannot be opened"));
    return sha256_of(file.number(), path);
}

std::uint64_t checksum(std::span<const std::byte> bytes) {
    return XXH3_64bits(bytes.data(), bytes.size());
}

}  // namespace cytofleet
