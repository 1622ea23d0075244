// The two kinds of error: the user's (typed, one line, says what to do) and ours (a broken
// promise).
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace cytofleet {

enum class ErrorKind {
    usage,        ///< the command line: exit code 2
    input,        ///< one input file or frame: the others go on
    model,        ///< a checkpoint
    output,       ///< an output file or folder
    environment,  ///< MPI, device, memory
};

/// What the user can mend. `what()` is one line: what, which file or option, what to do.
class Error : public std::runtime_error {
  public:
    Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}
    ErrorKind kind() const { return kind_; }

  private:
    ErrorKind kind_;
};

/// A promise of our own code is broken; carries the place and the values.
class InternalError : public std::logic_error {
  public:
    using std::logic_error::logic_error;
};

/// Throws InternalError unless `good`. For preconditions named in a function's comment. `file` and
/// `line` are the caller's; std::source_location would do, but clang 14 (fuzzing, clang-tidy) does
/// not have it.
void ensure(bool good, std::string_view promise, const char* file = __builtin_FILE(),
            int line = __builtin_LINE());

}  // namespace cytofleet
