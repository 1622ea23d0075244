// HDF5's objects, closing themselves, and its errors as ours.
#pragma once

#include <filesystem>
#include <hdf5.h>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.hpp"

namespace cytofleet::hdf5 {

/// Owns an identifier.
class Handle {
  public:
    using Close = herr_t (*)(hid_t);
    Handle() = default;
    Handle(hid_t id, Close how) : id_(id), close_(how) {}
    ~Handle() { close(); }
    Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
    Handle& operator=(Handle&& other) noexcept {
        close();
        id_ = std::exchange(other.id_, -1);
        close_ = other.close_;
        return *this;
    }
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
    hid_t id() const { return id_; }
    /// Negative when that failed; nothing is open afterwards.
    herr_t close() noexcept { return id_ < 0 ? 0 : close_(std::exchange(id_, -1)); }

  private:
    hid_t id_ = -1;
    Close close_ = nullptr;
};

/// Turns results of HDF5 into errors of a kind that name one file; HDF5 itself prints nothing from
/// the first Calls on.
class Calls {
  public:
    Calls(ErrorKind kind, std::filesystem::path file);
    void ok(herr_t status, std::string_view action) const {
        if (status < 0) fail(action);
    }
    Handle keep(hid_t id, Handle::Close close, std::string_view action) const {
        if (id < 0) fail(action);
        return {id, close};
    }
    /// With what HDF5 last complained about: "FILE: ACTION: what to do".
    [[noreturn]] void fail(std::string_view action) const;
    /// With a reason of our own.
    [[noreturn]] void refuse(std::string_view reason) const;
    const std::filesystem::path& file() const { return file_; }

  private:
    ErrorKind kind_;
    std::filesystem::path file_;
};

}  // namespace cytofleet::hdf5
