// What one rank does during a run: asks for units, hands over frames, assembles outputs; and takes
// the lead when nobody has it.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "comm/communicator.hpp"
#include "pipeline/assembler.hpp"
#include "pipeline/lead.hpp"
#include "pipeline/rank_context.hpp"
#include "pipeline/run_report.hpp"
#include "pipeline/scribe.hpp"
#include "pipeline/worker.hpp"

namespace cytofleet {

/// The main thread's loop; messages.hpp says what is sent. The leader talks to itself by the same
/// messages, so one rank runs what a hundred run.
class RankLoop {
  public:
    /// `lead`: on rank 0 only. `take_over` makes another from the journals; it is called when the
    /// leader has not been heard of for too long and this rank is the next.
    RankLoop(const RankContext& context, std::unique_ptr<Lead> lead,
             std::function<std::unique_ptr<Lead>()> take_over);
    /// Returns when the run is over: the exit code that everybody was told, and from the rank that
    /// led last its report.
    struct Ending {
        int exit_code = 0;
        std::optional<RunReport> report;
    };
    Ending go();

  private:
    void handle(const Message& message);
    void handle_order(const Message& message);
    void follow(int rank, std::int64_t term);
    void ask_for_work();
    void pass_on_frames();
    void pass_on_assemblies();
    void watch_stop();
    void give_signs_of_life(double now);
    void watch_leader(double now);
    void finish(int code);
    void drain();
    void send(int rank, Tag tag, std::span<const std::byte> body);

    RankContext context_;
    std::unique_ptr<Lead> lead_;
    std::function<std::unique_ptr<Lead>()> take_over_;
    Worker worker_;
    Scribe scribe_;
    Assembler assembler_;
    int leader_ = 0;
    std::int64_t term_ = 0;  ///< how often the lead was taken over
    double leader_heard_ = 0;
    double last_sign_ = 0;
    double last_round_ = 0;
    int asked_ = 0;  ///< requests not yet answered
    int units_in_hand_ = 0;
    bool stop_told_ = false;
    bool draining_ = false;
    bool drained_told_ = false;
    bool finished_ = false;
    bool left_ = false;
    int exit_code_ = 0;
};

}  // namespace cytofleet
