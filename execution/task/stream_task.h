// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bell.h"
#include "checkpoint/barrier_aligner.h"
#include "execution/operators/source.h"
#include "execution/task/input_processor.h"
#include "execution/task/input_split_desk.h"
#include "execution/task/mailbox.h"
#include "execution/task/operator_chain.h"
#include "execution/task/program.h"
#include "execution/task/record_writer.h"
#include "execution/task/round_aligner.h"
#include "execution/task/subtask_checkpoints.h"
#include "execution/task/task_clock.h"
#include "execution/task/task_metrics.h"
#include "execution/task/task_wiring.h"
#include "execution/task/timer_service.h"
#include "graph/deployment.h"

namespace weir {

/// The one loop of a task: takes letters, reads input, runs a source, until the end.
///
/// Threads: the task's. Others reach it through its mailbox.
/// Order:   construct, open(), run(); destroyed on the same thread.
/// Errors:  throws what the user's code threw as OperatorFailure; TaskCancelled once the mailbox says so.
class StreamTask final : private SourceLoop, private TaskMail {
public:
  /// What the task stands in. All of it outlives this.
  struct Surroundings {
    const TaskWiring& wiring;
    TimerService& timers;
    Bell& bell;
    Mailbox& mailbox;
    TaskMetrics& metrics;
    InputSplitDesk& splits;
    SnapshotWriters& snapshot_writers;
    StateEnvironment& state;
    const Workspaces& workspaces;
    CheckpointResponder& checkpoint_responder;
    std::shared_ptr<Feedback> feedback;  // of the ends of an iteration; else null
    Duration latency_interval{};         // of programs that say nothing of it; 0: no markers
  };

  /// `program` and `task` outlive this.
  StreamTask(const Program& program, const TaskDeploymentDescriptor& task, const Surroundings& around);

  void open();
  /// Returns when the mailbox says that the task may begin. It takes no letter before.
  void await_begin();
  /// For the report, should this thread crash from here on. Valid as long as this.
  [[nodiscard]] crash_report::Subject crash_subject(const char* what) const {
    return {.what = what, .code = code_, .otherwise = chain_->head_name().c_str()};
  }
  /// Returns when the input or the source has ended, everything was handed on, and no checkpoint is awaited.
  void run();

  // Letters.
  /// A checkpoint begins at this task: its source, or nothing that writes to it runs any more.
  void on_trigger(const BarrierAligner::Barrier& barrier, bool ends_source);
  void on_checkpoint_complete(CheckpointId checkpoint) { chain_->on_checkpoint_complete(checkpoint); }
  void on_checkpoint_aborted(CheckpointId checkpoint);

  /// What the task leaves to checkpoints that come after its end. Once run() has returned.
  [[nodiscard]] TaskSnapshot final_snapshot();

private:
  [[nodiscard]] std::unique_ptr<OperatorChain> make_chain(const Program& program,
                                                          const Surroundings& around);
  void begin_marking(const Program& program, const Surroundings& around);
  void mark_latency();
  void run_source();
  void run_input();
  void on_event();
  void carry_out(const BarrierAligner::Steps& steps);
  void begin_checkpoint(const BarrierAligner::Barrier& barrier, Duration alignment);
  void send_barrier(const BarrierAligner::Barrier& barrier);
  void send_on(const std::vector<Round>& rounds);
  void broadcast(const StreamEvent& event);
  void await_checkpoints();
  void flush_outputs();
  void become_idle();
  [[nodiscard]] InputProcessor::Step read_some();

  void post(std::function<void()> letter) override { mailbox_.post(std::move(letter)); }
  [[nodiscard]] bool await_answer(TimePoint deadline) override;
  void check_cancelled() override;

  void take_letters() override;
  void await_until(TimePoint when) override;
  void await_readable(int descriptor) override;
  [[nodiscard]] bool has_input_splits() const override { return has_input_splits_; }
  [[nodiscard]] std::optional<std::string> next_input_split() override;
  void send_round(const Round& round) override;
  void begin_snapshot(CheckpointId checkpoint) override;

  Bell& bell_;
  Mailbox& mailbox_;
  TaskMetrics& metrics_;
  InputSplitDesk& splits_;
  const TaskDeploymentDescriptor& task_;
  CheckpointResponder& checkpoint_responder_;
  const bool has_input_splits_;
  TaskClock clock_;
  std::vector<std::unique_ptr<RecordWriter>> writers_;
  std::unique_ptr<OperatorChain> chain_;
  std::vector<crash_report::NamedCode> code_;  // of the chain
  InputProcessor input_;
  std::optional<BarrierAligner> aligner_;  // none: the chain begins with a source
  std::optional<RoundAligner> rounds_;      // likewise
  std::vector<BarrierAligner::Barrier> held_;  // of snapshots that the source holds, oldest first
  TimePoint alignment_began_{};
  CheckpointId last_begun_ = 0;
  SubtaskCheckpoints checkpoints_;
  std::uint32_t source_ = 0;  // its number in the stream graph, if it marks latency
  PeriodicTimer flush_timer_;
  PeriodicTimer latency_timer_;
};

}  // namespace weir
