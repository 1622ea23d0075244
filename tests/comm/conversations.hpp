// What every communicator must carry: run by all ranks together, in a thread team and under mpirun.
#pragma once

#include "comm/communicator.hpp"

namespace cytofleet::test {

// Each throws InternalError on the rank that saw something wrong.

/// Every rank writes to every rank, itself included: nothing is lost, and senders stay in order.
void all_to_all(Communicator& comm);
/// The sender's buffer is its own again after send(), also when the message is too big to go out at
/// once.
void big_messages_in_a_ring(Communicator& comm);
/// From each root, sizes from nothing to several MiB, whatever the others held before.
void broadcasts(Communicator& comm);
/// Nobody leaves the barrier before everybody has come: rank 0 hears of all before any go-on
/// arrives.
void barriers(Communicator& comm);
/// Rank 0 hands out numbers on request, to itself too; each is worked on once.
void served_by_rank_0(Communicator& comm);
/// Ranks and sizes make sense.
void places(Communicator& comm);

}  // namespace cytofleet::test
