// The doctor's way of asking all ranks.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "comm/communicator.hpp"

namespace cytofleet {

/// Collective: what each rank says, by rank, on rank 0; elsewhere nothing.
std::vector<std::vector<std::byte>> gather_bytes(Communicator& comm,
                                                 std::span<const std::byte> mine);
std::vector<double> gather_numbers(Communicator& comm, double mine);
/// The next message from `from`; waits.
Message wait_for(Communicator& comm, int from);

std::vector<std::byte> text_bytes(const std::string& text);
std::string text_of_bytes(std::span<const std::byte> bytes);

}  // namespace cytofleet
