#include "base/stop_mark.hpp"

#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include "base/guarded_folder.hpp"

namespace cytofleet {
namespace {

std::atomic<const StopMark*> newest = nullptr;
static_assert(std::atomic<const StopMark*>::is_always_lock_free, "a signal handler may use it");

}  // namespace

StopMark::StopMark(int folder, std::string name) : folder_(folder), name_(std::move(name)) {
    const Descriptor file(
        openat(folder_, name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
    newest = this;
}

StopMark::~StopMark() {
    const StopMark* mine = this;
    newest.compare_exchange_strong(mine, nullptr);
    remove();
}

void StopMark::remove() const noexcept {
    const int error = errno;
    unlinkat(folder_, name_.c_str(), 0);
    errno = error;
}

void remove_stop_mark() noexcept {
    if (const StopMark* mark = newest) mark->remove();
}

}  // namespace cytofleet
