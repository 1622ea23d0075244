// Books of a run, well sealed, in which every text is what somebody else has made up: argument 2.
// For terminal_test.
#include <filesystem>
#include <string>

#include "schedule/book_names.hpp"
#include "schedule/journal.hpp"
#include "schedule/run_folder.hpp"

using namespace cytofleet;

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    const std::filesystem::path home(argv[1]);
    const std::string text(argv[2]);
    RunStart start;
    start.number = 1;
    start.start = 1700000000;
    start.settings = {{"model-sha256", text}, {text, "1"}};
    start.command = {"run", text};
    const auto folder = books_of(home) / run_id(start.settings);
    std::filesystem::create_directories(folder);
    claim_start(folder, start);
    Journal journal(folder, {"attempt" + text, 0, 1, text, text, 7, 1700000000});
    const SceneName scene{text, 0};
    journal.add(JobEvent{scene, text, text, 2, 100});
    journal.add(FailedEvent{scene, 0, text, true});
    journal.add(OutputEvent{scene, "mask" + text, 3, text, 0, 2, 1, {0}, 1});
    const SceneName other{"other" + text, 1};
    journal.add(JobEvent{other, "other" + text, "other" + text, 2, 100});
    journal.add(FailedEvent{other, 0, text, true});
    return 0;
}
