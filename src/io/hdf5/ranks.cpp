#include "io/hdf5/ranks.hpp"

#include <array>
#include <exception>
#include <new>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "base/error.hpp"

#if defined(CYTOFLEET_WITH_PARALLEL_HDF5)
#include <algorithm>
#include <limits>

#include <mpi.h>
#endif

namespace cytofleet::hdf5 {
namespace {

struct Failure {
    std::int64_t kind = 0;  ///< an ErrorKind, or broken_promise
    std::string text;
};

constexpr std::int64_t broken_promise = -1;

std::optional<Failure> failure_of(const std::function<void()>& step) {
    try {
        step();
        return std::nullopt;
    } catch (const Error& error) {
        return Failure{static_cast<std::int64_t>(error.kind()), error.what()};
    } catch (const std::bad_alloc&) {
        return Failure{static_cast<std::int64_t>(ErrorKind::environment),
                       "not enough memory to write an HDF5 file; use fewer ranks on each node"};
    } catch (const std::exception& error) {
        return Failure{broken_promise, error.what()};
    }
}

[[noreturn]] void raise(const Failure& failure) {
    if (failure.kind == broken_promise) throw InternalError(failure.text);
    throw Error(static_cast<ErrorKind>(failure.kind), failure.text);
}

#if defined(CYTOFLEET_WITH_PARALLEL_HDF5)

void check(int code, const char* call) {
    if (code == MPI_SUCCESS) return;
    std::array<char, MPI_MAX_ERROR_STRING> text{};
    int length = 0;
    MPI_Error_string(code, text.data(), &length);
    throw Error(ErrorKind::environment, fmt::format("{} failed: {}", call, text.data()));
}

MPI_Comm mpi(const void* comm) {
    return *static_cast<const MPI_Comm*>(comm);
}

/// In pieces, for MPI counts in int.
template <typename T>
void reduce(std::span<T> values, MPI_Datatype type, MPI_Op operation, const void* comm) {
    constexpr std::size_t most = std::size_t{1} << 28;
    for (std::size_t at = 0; at < values.size(); at += most) {
        const auto part = values.subspan(at, std::min(most, values.size() - at));
        check(MPI_Allreduce(MPI_IN_PLACE, part.data(), static_cast<int>(part.size()), type,
                            operation, mpi(comm)),
              "MPI_Allreduce");
    }
}

void broadcast_from(int root, std::string& text, const void* comm) {
    auto bytes = static_cast<std::int64_t>(text.size());
    check(MPI_Bcast(&bytes, 1, MPI_INT64_T, root, mpi(comm)), "MPI_Bcast");
    ensure(bytes <= std::numeric_limits<int>::max(), "a text is smaller than 2 GiB");
    text.resize(static_cast<std::size_t>(bytes));
    check(MPI_Bcast(text.data(), static_cast<int>(bytes), MPI_CHAR, root, mpi(comm)), "MPI_Bcast");
}

#endif

}  // namespace

#if defined(CYTOFLEET_WITH_PARALLEL_HDF5)

Ranks::Ranks(const void* comm) : comm_(comm) {
    if (comm == nullptr) return;
    check(MPI_Comm_rank(mpi(comm), &rank_), "MPI_Comm_rank");
    check(MPI_Comm_size(mpi(comm), &size_), "MPI_Comm_size");
}

void Ranks::together(const std::function<void()>& step) const {
    std::optional<Failure> failure = failure_of(step);
    if (size_ > 1) {
        std::int64_t lowest = failure ? -rank_ : -size_;
        largest(std::span(&lowest, 1));
        const auto failed = static_cast<int>(-lowest);
        if (failed == size_) return;
        if (!failure || failed != rank_) failure.emplace();
        std::string kind = std::to_string(failure->kind);
        broadcast_from(failed, kind, comm_);
        broadcast_from(failed, failure->text, comm_);
        failure->kind = std::stoll(kind);
    }
    if (failure) raise(*failure);
}

void Ranks::largest(std::span<std::int64_t> values) const {
    if (size_ > 1) reduce(values, MPI_INT64_T, MPI_MAX, comm_);
}

void Ranks::sum(std::span<std::uint64_t> values) const {
    if (size_ > 1) reduce(values, MPI_UINT64_T, MPI_SUM, comm_);
}

void Ranks::broadcast(std::string& text) const {
    if (size_ > 1) broadcast_from(0, text, comm_);
}

herr_t Ranks::share(hid_t file_access, hid_t transfer) const {
    if (size_ == 1) return 0;
    // Collective metadata writes: the other way has hung (HDFGroup/hdf5 issue 265).
    const std::array<herr_t, 4> done{H5Pset_fapl_mpio(file_access, mpi(comm_), MPI_INFO_NULL),
                                     H5Pset_coll_metadata_write(file_access, true),
                                     H5Pset_all_coll_metadata_ops(file_access, true),
                                     H5Pset_dxpl_mpio(transfer, H5FD_MPIO_COLLECTIVE)};
    return *std::ranges::min_element(done);
}

#else

Ranks::Ranks(const void* comm) : comm_(comm) {
    if (comm != nullptr)
        throw Error(ErrorKind::environment,
                    "this program was built with an HDF5 that ranks cannot share; build it with a "
                    "parallel one (on Debian: libhdf5-openmpi-dev) or write with one process");
}

void Ranks::together(const std::function<void()>& step) const {
    if (const auto failure = failure_of(step)) raise(*failure);
}

void Ranks::largest(std::span<std::int64_t> /*values*/) const {}
void Ranks::sum(std::span<std::uint64_t> /*values*/) const {}
void Ranks::broadcast(std::string& /*text*/) const {}
herr_t Ranks::share(hid_t /*file_access*/, hid_t /*transfer*/) const {
    return 0;
}

#endif

void Ranks::on_first(const std::function<void()>& step) const {
    together([&] {
        if (first()) step();
    });
}

}  // namespace cytofleet::hdf5
