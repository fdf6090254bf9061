// SPDX-License-Identifier: Apache-2.0
#include "execution/task/stream_task.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "graph/latency_sums.h"

namespace weir {

namespace {
constexpr std::chrono::milliseconds kLongestTimeout =
    24h;  // "never" in milliseconds is no number of nanoseconds
/// How long a record may wait in the segments of that edge.
std::chrono::milliseconds buffer_timeout(const Program& program, std::uint32_t edge) {
  const StreamGraph& graph = program.stream_graph();
  return graph.node(graph.edges()[edge].source).buffer_timeout;
}

/// Over the edges out of the task; not positive: there is nothing to flush by the clock.
std::chrono::milliseconds shortest_buffer_timeout(const Program& program,
                                                  const TaskDeploymentDescriptor& task) {
  std::chrono::milliseconds shortest = kNoBufferTimeout;
  for (const ResultPartitionDescriptor& output : task.outputs) {
    const auto timeout = buffer_timeout(program, output.edge);
    if (timeout.count() > 0 && (shortest.count() < 0 || timeout < shortest)) shortest = timeout;
  }
  return shortest;
}

/// Such records are read before new ones are let in, so that no more go round than must.
bool comes_from_feedback(const Program& program, std::uint32_t edge) {
  const StreamGraph& graph = program.stream_graph();
  return graph.node(graph.edges()[edge].source).begins_iteration;
}

BarrierAligner::Mode mode_of(const TaskDeploymentDescriptor& task) {
  return task.checkpoint_mode == CheckpointMode::ExactlyOnce ? BarrierAligner::Mode::ExactlyOnce
                                                             : BarrierAligner::Mode::AtLeastOnce;
}

}  // namespace

StreamTask::StreamTask(const Program& program, const TaskDeploymentDescriptor& task,
                       const Surroundings& around)
    : SourceLoop(around.mailbox.attention()),
      bell_(around.bell),
      mailbox_(around.mailbox),
      metrics_(around.metrics),
      splits_(around.splits),
      task_(task),
      checkpoint_responder_(around.checkpoint_responder),
      has_input_splits_(task.has_input_splits),
      clock_(around.timers, mailbox_),
      chain_(make_chain(program, around)),
      code_(chain_->code()),
      checkpoints_(task, *chain_,
                   {.mailbox = mailbox_,
                    .writers = around.snapshot_writers,
                    .responder = around.checkpoint_responder,
                    .state = around.state}) {
  for (std::size_t i = 0; i < task.inputs.size(); ++i) {
    const std::uint32_t input = task.inputs[i].input_index;
    input_.add(*around.wiring.inputs[i], chain_->make_reader(input), chain_->head_input(input),
               comes_from_feedback(program, task.inputs[i].edge));
  }
  if (!chain_->begins_with_source()) {
    aligner_.emplace(input_.channel_count(), mode_of(task));
    rounds_.emplace(input_.channel_count());
  }
  if (chain_->begins_with_source()) begin_marking(program, around);
  const auto timeout = shortest_buffer_timeout(program, task);
  if (timeout.count() <= 0) return;
  const Duration interval = std::min<std::chrono::milliseconds>(timeout, kLongestTimeout);
  flush_timer_ = PeriodicTimer(around.timers, interval, [this] { mailbox_.raise_quietly(Mailbox::kFlush); });
}

std::unique_ptr<OperatorChain> StreamTask::make_chain(const Program& program, const Surroundings& around) {
  OperatorChain::Writers by_edge;
  for (std::size_t i = 0; i < task_.outputs.size(); ++i) {
    const std::uint32_t edge = task_.outputs[i].edge;
    writers_.push_back(std::make_unique<RecordWriter>(around.wiring.outputs[i], buffer_timeout(program, edge),
                                                      mailbox_, metrics_));
    by_edge.emplace(edge, writers_.back().get());
  }
  return std::make_unique<OperatorChain>(program, task_, by_edge, metrics_.accumulators, around.state,
                                         clock_, static_cast<TaskMail*>(this), around.feedback,
                                         &around.workspaces);
}

void StreamTask::begin_marking(const Program& program, const Surroundings& around) {
  const auto said = program.stream_graph().settings().latency_interval;
  const Duration interval = said ? Duration(*said) : around.latency_interval;
  if (interval <= Duration::zero()) return;
  source_ = static_cast<std::uint32_t>(
      program.job_graph().find(task_.vertex)->operators.front().node);
  latency_timer_ =
      PeriodicTimer(around.timers, interval, [this] { mailbox_.raise(Mailbox::kMarkLatency); });
}

void StreamTask::mark_latency() {
  chain_->source().send_latency_marker({.marked_at = wall_micros(),
                                        .source = source_,
                                        .subtask = task_.subtask_index});
}

void StreamTask::open() { chain_->open(); }

void StreamTask::await_begin() {
  while ((mailbox_.attention().load(std::memory_order_acquire) & Mailbox::kBegin) == 0) {
    check_cancelled();
    bell_.await();
  }
}

void StreamTask::run() {
  try {
    if (chain_->begins_with_source()) run_source();
    else run_input();
  } catch (...) {
    rethrow_attributed(chain_->head_name());
  }
  chain_->finish();
  if (aligner_) carry_out(aligner_->on_finished());
  await_checkpoints();
  if (task_.is_checkpointed) chain_->prepare_snapshot(kStateAtTheEnd);
  for (const auto& writer : writers_) writer->finish();
  chain_->close();
}

void StreamTask::await_checkpoints() {
  // Those behind us may have to read all of it before the checkpoint that we wait for can complete.
  flush_outputs();
  while (checkpoints_.is_running() || (task_.is_checkpointed && chain_->awaits_checkpoint())) {
    bell_.await();
    take_letters();
  }
}

TaskSnapshot StreamTask::final_snapshot() {
  if (!task_.is_checkpointed) return {};
  auto snapshot = checkpoints_.final_snapshot();
  if (!snapshot) throw std::runtime_error("its last state cannot be kept: " + snapshot.error().what);
  return *std::move(snapshot);
}

void StreamTask::run_source() {
  take_letters();
  chain_->source().run(*this);
}

void StreamTask::run_input() {
  while (true) {
    if (mailbox_.attention().load(std::memory_order_relaxed) != 0) take_letters();
    if (chain_->keeps_time()) chain_->set_time(SystemClock{}.wall_now());  // once a buffer
    switch (read_some()) {
      case InputProcessor::Step::Progressed:
      case InputProcessor::Step::Interrupted: break;
      case InputProcessor::Step::Event: on_event(); break;
      case InputProcessor::Step::Finished: return;
      case InputProcessor::Step::Idle:
        become_idle();
        bell_.await();
        break;
    }
  }
}

void StreamTask::on_event() {
  const StreamEvent& event = input_.event();
  if (event.kind == StreamEvent::Kind::RoundMarker) {
    return send_on(rounds_->on_round(input_.event_channel(), {.iteration = event.iteration,
                                                              .number = event.round,
                                                              .is_quiet = event.is_quiet}));
  }
  if (!aligner_->is_aligning()) alignment_began_ = SystemClock{}.now();
  switch (event.kind) {
    case StreamEvent::Kind::EndOfPartition:
      carry_out(aligner_->on_end(input_.event_channel()));
      return send_on(rounds_->on_end(input_.event_channel()));
    case StreamEvent::Kind::CancelCheckpointMarker:
      return carry_out(aligner_->on_cancel_marker(event.checkpoint_id));
    case StreamEvent::Kind::CheckpointBarrier:
      return carry_out(aligner_->on_barrier(input_.event_channel(), {.checkpoint = event.checkpoint_id,
                                                                     .triggered_at = event.triggered_at,
                                                                     .is_savepoint = event.is_savepoint,
                                                                     .storage_root = event.storage_root}));
    case StreamEvent::Kind::RoundMarker: break;
  }
}

void StreamTask::send_on(const std::vector<Round>& rounds) {
  for (const Round& round : rounds) {
    chain_->on_round(round);
    send_round(round);
  }
}

void StreamTask::send_round(const Round& round) {
  broadcast({.kind = StreamEvent::Kind::RoundMarker,
             .storage_root = {},
             .iteration = round.iteration,
             .round = round.number,
             .is_quiet = round.is_quiet});
}

void StreamTask::carry_out(const BarrierAligner::Steps& steps) {
  for (const auto& aborted : steps.abort) {
    broadcast({.kind = StreamEvent::Kind::CancelCheckpointMarker, .checkpoint_id = aborted.checkpoint});
    checkpoint_responder_.on_checkpoint_declined(task_.job, task_.attempt, aborted.checkpoint,
                                                 task_.display_name() + ": " + std::string(aborted.reason));
  }
  if (steps.unblock_all) input_.unblock_all();
  if (steps.block_channel) input_.block_event_channel();
  if (steps.snapshot == 0) return;
  begin_checkpoint({.checkpoint = steps.snapshot,
                    .triggered_at = steps.triggered_at,
                    .is_savepoint = steps.is_savepoint,
                    .storage_root = steps.storage_root},
                   SystemClock{}.now() - alignment_began_);
}

void StreamTask::begin_checkpoint(const BarrierAligner::Barrier& barrier, Duration alignment) {
  send_barrier(barrier);
  checkpoints_.begin(barrier, alignment);
}

void StreamTask::send_barrier(const BarrierAligner::Barrier& barrier) {
  last_begun_ = barrier.checkpoint;
  broadcast({.kind = StreamEvent::Kind::CheckpointBarrier,
             .checkpoint_id = barrier.checkpoint,
             .triggered_at = barrier.triggered_at,
             .is_savepoint = barrier.is_savepoint,
             .storage_root = barrier.storage_root});
}

void StreamTask::begin_snapshot(CheckpointId checkpoint) {
  const auto held = std::ranges::find(held_, checkpoint, &BarrierAligner::Barrier::checkpoint);
  WEIR_CHECK(held != held_.end(), "a source held this snapshot");
  const BarrierAligner::Barrier barrier = *held;
  held_.erase(held_.begin(), held + 1);
  checkpoints_.begin(barrier, Duration::zero());
}

void StreamTask::broadcast(const StreamEvent& event) {
  for (const auto& writer : writers_) writer->broadcast(event);
}

void StreamTask::on_trigger(const BarrierAligner::Barrier& barrier, bool ends_source) {
  if (aligner_) {
    alignment_began_ = SystemClock{}.now();
    return carry_out(aligner_->on_trigger(barrier));
  }
  send_barrier(barrier);
  if (chain_->source().holds_snapshot(barrier.checkpoint, ends_source)) return held_.push_back(barrier);
  checkpoints_.begin(barrier, Duration::zero());
  if (ends_source) stop();
}

void StreamTask::on_checkpoint_aborted(CheckpointId checkpoint) {
  // One that never began here voids all before it: those behind us may wait for barriers that never come.
  if (!aligner_ && checkpoint > last_begun_) {
    broadcast({.kind = StreamEvent::Kind::CancelCheckpointMarker, .checkpoint_id = checkpoint});
    for (const auto& older : std::exchange(held_, {})) chain_->on_checkpoint_aborted(older.checkpoint);
  }
  std::erase_if(held_, [&](const auto& barrier) { return barrier.checkpoint == checkpoint; });
  checkpoints_.abort(checkpoint);
  chain_->on_checkpoint_aborted(checkpoint);
}

InputProcessor::Step StreamTask::read_some() {
  clock_.read();
  const auto step = input_.step(mailbox_.attention());
  metrics_.records_in.advance_to(input_.record_count());
  metrics_.bytes_in.advance_to(input_.byte_count());
  return step;
}

void StreamTask::take_letters() {
  const std::uint32_t signals = mailbox_.take_signals();
  if ((signals & Mailbox::kCancel) != 0) throw TaskCancelled{};
  if ((signals & Mailbox::kStop) != 0) stop();
  if ((signals & Mailbox::kFlush) != 0) flush_outputs();
  if ((signals & Mailbox::kReaderStarved) != 0) {
    for (const auto& writer : writers_) writer->serve_starved_readers();
  }
  if ((signals & Mailbox::kClock) != 0) {
    clock_.on_signal();
    chain_->on_processing_time();
  }
  if ((signals & Mailbox::kMarkLatency) != 0) mark_latency();
  if ((signals & Mailbox::kLetters) != 0) {
    for (const Mailbox::Letter& letter : mailbox_.take_letters()) letter();
  }
}

void StreamTask::flush_outputs() {
  for (const auto& writer : writers_) writer->flush_all();
}

void StreamTask::become_idle() {
  chain_->on_idle();
  flush_outputs();
}

void StreamTask::check_cancelled() {
  if ((mailbox_.attention().load(std::memory_order_relaxed) & Mailbox::kCancel) != 0) throw TaskCancelled{};
}

bool StreamTask::await_answer(TimePoint deadline) {
  check_cancelled();
  flush_outputs();
  return bell_.await_until(deadline);
}

void StreamTask::await_until(TimePoint when) {
  become_idle();
  while (is_running() && SystemClock{}.now() < when) {
    if (bell_.await_until(when)) take_letters();
  }
}

void StreamTask::await_readable(int descriptor) {
  become_idle();
  if (!is_running()) return;
  mailbox_.await_readable(descriptor);
  take_letters();
}

std::optional<std::string> StreamTask::next_input_split() {
  if (!is_running()) return std::nullopt;
  become_idle();
  splits_.answer.reset();
  splits_.ask();
  while (true) {
    take_letters();
    if (splits_.answer) break;
    bell_.await();
  }
  if (!*splits_.answer) throw std::runtime_error(splits_.answer->error().what);
  return is_running() ? **splits_.answer : std::nullopt;
}

}  // namespace weir
