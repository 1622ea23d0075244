// Work that may crash, in a process of its own.
#pragma once

#include <functional>
#include <string>

namespace cytofleet {

struct ChildEnd {
    std::string text;     ///< what the work returned
    std::string problem;  ///< why it returned nothing, for people; empty: it did
};

/// Calls `work` in a child of this process, waits for it and gives what it returned; what it throws
/// becomes the problem. The child has this thread alone: nothing that another thread may hold, and
/// no MPI, may be used in it.
ChildEnd in_child(const std::function<std::string()>& work);

}  // namespace cytofleet
