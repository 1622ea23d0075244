// What the ranks of a run say to each other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "comm/communicator.hpp"
#include "schedule/plan.hpp"

namespace cytofleet {

/// One rank leads: it knows what is to be done. Everybody, itself too, works for it.
enum class Tag : int {
    // to the rank that leads
    ask = 1,      ///< a unit, please; answered now or when there is one
    done,         ///< frame records
    assembled,    ///< Assembly
    note,         ///< a line for the user
    joins,        ///< answers can_join
    gathered,     ///< answers gather: why it failed, or nothing
    stop_wanted,  ///< this process was told to stop; the body says by what
    drained,      ///< answers drain: nothing is in hand any more
    bye,          ///< answers finish
    // from it
    unit,
    revoke,    ///< a unit whose frames another rank does
    assemble,  ///< records of a whole scene
    can_join,  ///< who is there to write a file together?
    gather,    ///< Gather: do it now
    drain,     ///< finish what is in the model, begin nothing
    finish,    ///< the run is over; the body is the exit code
    leave,     ///< after the last bye
    lead,      ///< "I lead from now on"; the body is the term
    // both ways
    alive,  ///< nothing else to say
};

/// To all the other ranks, who wait for this one.
void tell_alive(Communicator& comm);

std::vector<std::byte> to_bytes(const Unit& unit);
Unit unit_from_bytes(std::span<const std::byte> bytes);
std::vector<std::byte> number_to_bytes(std::int64_t number);
std::int64_t number_from_bytes(std::span<const std::byte> bytes);
inline std::span<const std::byte> text_to_bytes(std::string_view text) {
    return std::as_bytes(std::span(text));
}
std::string text_from_bytes(std::span<const std::byte> bytes);

}  // namespace cytofleet
