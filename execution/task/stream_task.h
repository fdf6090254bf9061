// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/bell.h"
#include "execution/operators/source.h"
#include "execution/task/input_processor.h"
#include "execution/task/mailbox.h"
#include "execution/task/operator_chain.h"
#include "execution/task/program.h"
#include "execution/task/record_writer.h"
#include "execution/task/task_wiring.h"
#include "execution/task/timer_service.h"
#include "graph/deployment.h"
#include "graph/execution_state.h"

namespace weir {

/// The one loop of a task: takes letters, reads input, runs a source, until the end.
///
/// Threads: the task's. Others reach it through its mailbox.
/// Order:   construct, open(), run(); destroyed on the same thread.
/// Errors:  throws what the user's code threw as OperatorFailure; TaskCancelled once the mailbox says so.
class StreamTask final : private SourceLoop {
public:
  /// `program`, `wiring` and `timers` outlive this.
  StreamTask(const Program& program, const TaskDeploymentDescriptor& task, const TaskWiring& wiring,
             TimerService& timers, Bell& bell, Mailbox& mailbox);

  void open();
  /// Returns when the input or the source has ended and everything was handed on.
  void run();

  /// The name of the operator that is to blame for what no operator put its name to.
  [[nodiscard]] const std::string& head_name() const { return chain_->head_name(); }
  [[nodiscard]] IoCounters counters() const;
  [[nodiscard]] std::map<std::string, std::int64_t> accumulators() const { return chain_->accumulators(); }

private:
  void run_source();
  void run_input();
  void flush_outputs();
  void become_idle();

  void take_letters() override;
  void await_until(TimePoint when) override;
  void await_readable(int descriptor) override;

  Bell& bell_;
  Mailbox& mailbox_;
  std::vector<std::unique_ptr<RecordWriter>> writers_;
  std::unique_ptr<OperatorChain> chain_;
  InputProcessor input_;
  PeriodicTimer flush_timer_;
};

}  // namespace weir
