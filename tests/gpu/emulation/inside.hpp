// Tells the emulation's own work from that of the program that runs on it.
#pragma once

namespace cytofleet::emulation {

/// While one lives on a thread, the emulation is at work there: a device has no part in what the
/// host allocates, so tests let nothing fail in it.
class Inside {
  public:
    Inside() { ++depth(); }
    ~Inside() { --depth(); }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;
    static bool now() { return depth() > 0; }

  private:
    static int& depth();
};

}  // namespace cytofleet::emulation
