#include "models/demo_model.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"

namespace cytofleet {

namespace fs = std::filesystem;

fs::path demo_model_file() {
    std::error_code failed;
    const fs::path program = fs::read_symlink("/proc/self/exe", failed);
    const fs::path installed =
        program.parent_path().parent_path() / "share" / "cytofleet" / "demo" / "cyto_mini";
    const fs::path source = fs::path(CYTOFLEET_DEMO_DIR) / "cyto_mini";
    for (const fs::path& file : {installed, source})
        if (fs::is_regular_file(file, failed)) return file;
    throw Error(ErrorKind::model, fmt::format("the demo model is neither at {} nor at {}; install "
                                              "the program again",
                                              show(installed), show(source)));
}

}  // namespace cytofleet
