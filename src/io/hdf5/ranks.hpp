// What the ranks that write one file together tell each other.
#pragma once

#include <cstdint>
#include <functional>
#include <hdf5.h>
#include <span>
#include <string>

namespace cytofleet::hdf5 {

/// Every call is made by all ranks together. MPI's own failures are Error{environment}.
class Ranks {
  public:
    /// Address of an MPI_Comm, or null: this process alone.
    explicit Ranks(const void* comm);
    bool first() const { return rank_ == 0; }
    int size() const { return size_; }
    /// Does `step` here; where it fails on any rank, all throw what the lowest such rank threw.
    void together(const std::function<void()>& step) const;
    /// The same, but only rank 0 has something to do.
    void on_first(const std::function<void()>& step) const;
    void largest(std::span<std::int64_t> values) const;
    void sum(std::span<std::uint64_t> values) const;
    /// Rank 0's text to all.
    void broadcast(std::string& text) const;
    /// Makes files opened with these properties shared by the ranks, and transfers collective.
    /// Both stay as they are where one process is alone. Negative when HDF5 refuses.
    herr_t share(hid_t file_access, hid_t transfer) const;

  private:
    [[maybe_unused]] const void* comm_;
    int rank_ = 0;
    int size_ = 1;
};

}  // namespace cytofleet::hdf5
