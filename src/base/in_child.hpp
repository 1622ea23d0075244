// Work that may crash or hang, in a process of its own.
#pragma once

#include <functional>
#include <string>

namespace cytofleet {

struct ChildEnd {
    std::string text;     ///< what the work returned
    std::string problem;  ///< why it returned nothing, for people; empty: it did
    bool late = false;    ///< because its time was over
};

/// Calls `work` in a child of this process, waits for it and gives what it returned; what it throws
/// becomes the problem. The child has this thread alone: nothing that another thread may hold, and
/// no MPI, may be used in it.
ChildEnd in_child(const std::function<std::string()>& work);

/// The same for work that may never return, even when killed (a call into a driver). After
/// `seconds` the child is killed and not waited for. It has none of this process's files, so that
/// what is left of it holds neither locks nor pipes.
ChildEnd in_child_within(double seconds, const std::function<std::string()>& work);

}  // namespace cytofleet
