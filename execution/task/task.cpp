// SPDX-License-Identifier: Apache-2.0
#include "execution/task/task.h"

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <utility>

#include "base/log.h"
#include "execution/operators/operator.h"
#include "execution/task/stream_task.h"

namespace weir {

Task::Task(TaskDeploymentDescriptor descriptor, TaskWiring wiring, std::unique_ptr<Bell> bell,
           const Host& host, Report report, std::function<void()> ask_for_split)
    : descriptor_(std::move(descriptor)),
      about_("task " + descriptor_.display_name() + " of job \"" + descriptor_.job_name + "\" (" +
             descriptor_.job.hex() + "), attempt " + descriptor_.attempt.hex()),
      wiring_(std::move(wiring)),
      bell_(std::move(bell)),
      host_(host),
      report_(std::move(report)),
      mailbox_(*bell_),
      splits_{.ask = std::move(ask_for_split), .answer = {}} {}

Task::~Task() = default;

void Task::start() { thread_ = Thread(descriptor_.task_name, [this] { run(); }); }

ExecutionState Task::state() const {
  MutexLock held(lock_);
  return state_;
}

void Task::on_input_split(InputSplitDesk::Answer answer) {
  mailbox_.post([this, answer = std::move(answer)] { splits_.answer = answer; });
}

void Task::on_partition_update(const InputChannelDescriptor& channel) {
  mailbox_.post([this, channel] { connect(channel); });
}

void Task::connect(const InputChannelDescriptor& channel) {
  for (std::size_t input = 0; input < descriptor_.inputs.size(); ++input) {
    const auto& channels = descriptor_.inputs[input].channels;
    const auto known =
        std::find_if(channels.begin(), channels.end(), [&](const InputChannelDescriptor& each) {
          return each.partition == channel.partition && each.subpartition == channel.subpartition;
        });
    if (known == channels.end() || input >= wiring_.late_channels.size()) continue;
    auto made = wiring_.late_channels[input](channel);
    if (!made) throw std::runtime_error(made.error().what);
    wiring_.inputs[input]->replace(static_cast<std::uint32_t>(known - channels.begin()), *std::move(made));
  }
}

void Task::cancel() { stop(ExecutionState::Canceling, ""); }

void Task::fail(const std::string& cause) { stop(ExecutionState::Failed, cause); }

void Task::trigger_checkpoint(const BarrierAligner::Barrier& barrier, bool ends_source) {
  mailbox_.post([this, barrier, ends_source] { stream_task_->on_trigger(barrier, ends_source); });
}

void Task::on_checkpoint_complete(CheckpointId checkpoint) {
  mailbox_.post([this, checkpoint] { stream_task_->on_checkpoint_complete(checkpoint); });
}

void Task::on_checkpoint_aborted(CheckpointId checkpoint) {
  mailbox_.post([this, checkpoint] { stream_task_->on_checkpoint_aborted(checkpoint); });
}

void Task::stop(ExecutionState next, const std::string& cause) {
  MutexLock held(lock_);
  if (state_ == ExecutionState::Created && next == ExecutionState::Canceling) next = ExecutionState::Canceled;
  if (!may_move(state_, next)) return;
  state_ = next;
  failure_ = cause;
  mailbox_.raise(Mailbox::kCancel);
  if (!is_wired_) return;
  // What the task may be waiting for must let it go: memory to write to, and buffers to read.
  const std::string reason = cause.empty() ? "the producer was cancelled" : cause;
  for (const auto& output : wiring_.outputs) output->fail(reason);
  for (const auto& input : wiring_.inputs) input->close();
}

bool Task::move_to(ExecutionState next) {
  MutexLock held(lock_);
  if (!may_move(state_, next)) return false;
  state_ = next;
  return true;
}

void Task::run() {
  run_guarded();
  TaskExecutionState final_state = report_of(ExecutionState::Failed);
  final_state.counters = metrics_.io();
  final_state.accumulators = metrics_.accumulators.values();
  final_state.snapshot = std::move(final_snapshot_);  // empty unless it has finished
  {
    MutexLock held(lock_);
    if (state_ == ExecutionState::Canceling) state_ = ExecutionState::Canceled;
    final_state.state = state_;
    final_state.failure = failure_;
    final_state.would_fail_again = would_fail_again_ && state_ == ExecutionState::Failed;
    is_wired_ = false;
  }
  release_wiring(final_state.state, final_state.failure);
  report_(final_state);
}

void Task::run_guarded() {
  if (!move_to(ExecutionState::Deploying)) return;
  const crash_report::Subject subject{.what = about_.c_str()};
  const crash_report::Scope at_work(subject);
  try {
    run_program();
  } catch (const TaskCancelled&) {
    // cancel() or fail() has set the state, and their word stays
    fail_from_inside(descriptor_.task_name, "its output was taken away while it ran");
  } catch (const OperatorFailure& failure) {
    would_fail_again_ = failure.would_come_again();
    fail_from_inside(failure.operator_name(), failure.what());
  } catch (const std::exception& error) {
    fail_from_inside(descriptor_.task_name, error.what());
  } catch (...) {
    fail_from_inside(descriptor_.task_name, "something was thrown that is no std::exception");
  }
}

void Task::run_program() {
  auto program = host_.programs.load(descriptor_.program);
  if (!program) return fail_from_inside(descriptor_.task_name, program.error().what);

  StreamTask task(**program, descriptor_,
                  {.wiring = wiring_,
                   .timers = host_.timers,
                   .bell = *bell_,
                   .mailbox = mailbox_,
                   .metrics = metrics_,
                   .splits = splits_,
                   .snapshot_writers = host_.snapshot_writers,
                   .state = host_.state,
                   .workspaces = host_.workspaces,
                   .checkpoint_responder = host_.checkpoints,
                   .feedback = descriptor_.feedback.is_none() ? nullptr
                                                              : host_.feedback.join(descriptor_.feedback),
                   .latency_interval = host_.latency_interval});
  stream_task_ = &task;
  const crash_report::Subject subject = task.crash_subject(about_.c_str());
  const crash_report::Scope at_work(subject);
  task.open();
  if (!move_to(ExecutionState::Running)) return;
  report_(report_of(ExecutionState::Running));
  if (descriptor_.restore.waits) task.await_begin();
  task.run();
  final_snapshot_ = task.final_snapshot();
  (void)move_to(ExecutionState::Finished);
}

void Task::fail_from_inside(const std::string& operator_name, const std::string& cause) {
  const std::string place =
      "operator \"" + operator_name + "\" (" + std::to_string(descriptor_.subtask_index + 1) + "/" +
      std::to_string(descriptor_.parallelism) + ") of job \"" + descriptor_.job_name + "\"";
  MutexLock held(lock_);
  if (!may_move(state_, ExecutionState::Failed)) return;
  state_ = ExecutionState::Failed;
  failure_ = place + ": " + cause;
}

void Task::release_wiring(ExecutionState outcome, const std::string& cause) {
  if (outcome != ExecutionState::Finished) {
    for (const auto& output : wiring_.outputs) {
      output->fail(cause.empty() ? "the producer was cancelled" : cause);
      output->release();
    }
  }
  wiring_ = {};
}

TaskProgress Task::progress() const {
  return {.job = descriptor_.job,
          .attempt = descriptor_.attempt,
          .counters = metrics_.io(),
          .accumulators = metrics_.accumulators.values()};
}

TaskExecutionState Task::report_of(ExecutionState state) const {
  TaskExecutionState report;
  report.job = descriptor_.job;
  report.attempt = descriptor_.attempt;
  report.state = state;
  return report;
}

}  // namespace weir
