// The emulation's only device.
#include "kernels/support/devices.hpp"

#include "kernels/support/device_memory.hpp"

namespace cytofleet::cuda {

DeviceSurvey survey_devices() {
    return {{{0, "emulated GPU", "0000:00:00.0", 9, 0, std::size_t{1} << 30, true}}, ""};
}

void use_device(int number) {
    if (number != 0) throw DeviceError("the emulation has one device");
}

}  // namespace cytofleet::cuda
