// SPDX-License-Identifier: Apache-2.0
#include "execution/task/stream_task.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace weir {

namespace {
constexpr std::chrono::milliseconds kLongestTimeout =
    24h;  // "never" in milliseconds is no number of nanoseconds
}  // namespace

StreamTask::StreamTask(const Program& program, const TaskDeploymentDescriptor& task,
                       const Surroundings& around)
    : SourceLoop(around.mailbox.attention()),
      bell_(around.bell),
      mailbox_(around.mailbox),
      metrics_(around.metrics),
      splits_(around.splits),
      has_input_splits_(task.has_input_splits) {
  const StreamGraph& graph = program.stream_graph();

  OperatorChain::Writers by_edge;
  std::chrono::milliseconds shortest_timeout = kNoBufferTimeout;
  for (std::size_t i = 0; i < task.outputs.size(); ++i) {
    const std::uint32_t edge = task.outputs[i].edge;
    const auto timeout = graph.node(graph.edges()[edge].source).buffer_timeout;
    writers_.push_back(std::make_unique<RecordWriter>(around.wiring.outputs[i], timeout, mailbox_, metrics_));
    by_edge.emplace(edge, writers_.back().get());
    if (timeout.count() > 0 && (shortest_timeout.count() < 0 || timeout < shortest_timeout))
      shortest_timeout = timeout;
  }
  chain_ = std::make_unique<OperatorChain>(program, task, by_edge, metrics_.accumulators);
  code_ = chain_->code();
  for (const auto& gate : around.wiring.inputs) input_.add(*gate, chain_->make_reader());
  if (shortest_timeout.count() > 0) {
    const Duration interval = std::min<std::chrono::milliseconds>(shortest_timeout, kLongestTimeout);
    flush_timer_ =
        PeriodicTimer(around.timers, interval, [this] { mailbox_.raise_quietly(Mailbox::kFlush); });
  }
}

void StreamTask::open() { chain_->open(); }

void StreamTask::run() {
  try {
    if (chain_->begins_with_source()) run_source();
    else run_input();
  } catch (...) {
    rethrow_attributed(chain_->head_name());
  }
  chain_->finish();
  for (const auto& writer : writers_) writer->finish();
  chain_->close();
}

void StreamTask::run_source() {
  take_letters();
  chain_->source().run(*this);
}

void StreamTask::run_input() {
  while (true) {
    if (mailbox_.attention().load(std::memory_order_relaxed) != 0) take_letters();
    switch (read_some()) {
      case InputProcessor::Step::Progressed:
      case InputProcessor::Step::Event:
      case InputProcessor::Step::Interrupted: break;
      case InputProcessor::Step::Finished: return;
      case InputProcessor::Step::Idle:
        become_idle();
        bell_.await();
        break;
    }
  }
}

InputProcessor::Step StreamTask::read_some() {
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
