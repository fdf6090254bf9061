// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/time.h"
#include "execution/operators/operator.h"

namespace weir {

/// What the loop of a source asks of the task it runs in. A port: the stream task implements it.
///
/// Threads: the task's.
/// Errors:  every call throws when the task has been cancelled; a source lets that pass through.
class SourceLoop {
public:
  explicit SourceLoop(const std::atomic<std::uint32_t>& attention) : attention_(attention) {}
  virtual ~SourceLoop() = default;

  /// False once the source is to end: as if its input had ended.
  [[nodiscard]] bool is_running() const { return running_; }
  /// Lets waiting letters in, if there are any. One relaxed load when there are none.
  /// False if it was found that the source is to end.
  bool breathe() {
    if (attention_.load(std::memory_order_relaxed) == 0) [[likely]] return true;
    take_letters();
    return running_;
  }
  virtual void take_letters() = 0;
  /// Sleeps until then, or until the source is to end; letters are let in meanwhile.
  virtual void await_until(TimePoint when) = 0;
  /// Sleeps until there is something to read from the descriptor, or a letter came and was let in.
  virtual void await_readable(int descriptor) = 0;
  // A loop that says nothing else hands out no splits.
  [[nodiscard]] virtual bool has_input_splits() const { return false; }
  [[nodiscard]] virtual std::optional<std::string> next_input_split() { return std::nullopt; }
  // For the beginning of an iteration. Sends the round to all that the source writes to.
  virtual void send_round(const Round&) {}
  /// Takes the snapshot that was held.
  virtual void begin_snapshot(CheckpointId) {}

protected:
  void stop() { running_ = false; }

private:
  const std::atomic<std::uint32_t>& attention_;
  bool running_ = true;
};

/// What a source function sees of its task.
template <class T>
class SourceContext {
public:
  SourceContext(Input<T>& next, SourceLoop& loop, const OperatorContext& place, bool keeps_times = true)
      : next_(next), loop_(loop), place_(place), keeps_times_(keeps_times) {}

  /// False once the job is to stop: then run() returns, and what was collected is worked off as at the end of
  /// the input. A source that never asks cannot be stopped, only cancelled.
  [[nodiscard]] bool is_running() const { return loop_.is_running(); }

  /// Sends a record down the chain. Between records checkpoints and cancelling come in here.
  /// Says false once, if it was found there that the source is to end; is_running() says so from then on.
  bool collect(const T& value) { return collect(value, EventTime::none()); }
  bool collect(const T& value, EventTime time) {
    next_.process(value, keeps_times_ ? time : EventTime::none());
    return loop_.breathe();
  }

  /// No record of this time or an earlier one follows. A source that knows this need not have anybody guess
  /// it from the records. At the end of run() the source's time is at its end by itself.
  void emit_watermark(EventTime watermark) {
    if (watermark <= watermark_ || !(keeps_times_ || watermark == EventTime::max())) return;
    watermark_ = watermark;
    mark_active();
    next_.process_watermark(watermark);
  }
  /// Nothing comes for now: nobody is to wait for this subtask's watermark, until it is marked active or
  /// emits the next one. A record alone does not end it.
  void mark_idle() { change_status(StreamStatus::Idle); }
  void mark_active() { change_status(StreamStatus::Active); }

  /// Whether the JobManager hands out the input in the splits that the source's input_splits() made. Else
  /// each subtask reads its own share.
  [[nodiscard]] bool has_input_splits() const { return loop_.has_input_splits(); }
  /// The next split that nobody reads yet, as input_splits() wrote it; nothing: there are no more, or the
  /// source is to end. Waits for the JobManager's answer; letters are let in meanwhile.
  [[nodiscard]] std::optional<std::string> next_input_split() { return loop_.next_input_split(); }

  [[nodiscard]] std::uint32_t subtask_index() const { return place_.subtask_index(); }
  [[nodiscard]] std::uint32_t parallelism() const { return place_.parallelism(); }

  /// Both end early when the source is to end.
  void await_until(TimePoint when) { loop_.await_until(when); }
  void await_readable(int descriptor) { loop_.await_readable(descriptor); }

private:
  void change_status(StreamStatus status) {
    if (status != std::exchange(status_, status)) next_.process_status(status);
  }

  Input<T>& next_;
  SourceLoop& loop_;
  const OperatorContext& place_;
  const bool keeps_times_;
  EventTime watermark_ = EventTime::none();
  StreamStatus status_ = StreamStatus::Active;
};

/// Where records come from: a loop that collects them and returns when there are no more, or when it is to
/// end.
///
///     while (context.is_running()) context.collect(read_next());
///
/// A class of yours may say more of itself:
///
///     static constexpr bool kCanStop = true;   // it asks is_running(): its job can be stopped
///     std::vector<InputSplit> input_splits(std::uint32_t subtasks) const;   // called once, at the client
///     std::vector<StateInfo> states() const;   // what it keeps: {split_list<Place>("places").info()}
///
/// A source that can go on where it was keeps its place in operator state, asked for in open(). Checkpoints
/// come in between two records, within collect(): by then the place must be that behind the record.
///
/// Threads: the task's: one instance a subtask. Errors: what it throws fails the task.
template <class T>
class SourceFunction {
public:
  virtual ~SourceFunction() = default;
  /// Before run(). States asked for here hold what a checkpoint kept of them.
  virtual void open(OperatorContext&) {}
  virtual void run(SourceContext<T>& context) = 0;
  /// The state is taken as soon as this returns.
  virtual void snapshot(CheckpointId) {}
  virtual void on_checkpoint_complete(CheckpointId) {}
  /// After run(), also if that threw.
  virtual void close() {}
};

class AnySourceOperator : public Operator {
public:
  virtual void run(SourceLoop& loop) = 0;
  /// Between two records.
  virtual void send_latency_marker(const LatencyMarker&) {}
  /// The barrier of that checkpoint has been sent. True: the source's state is not known yet; its loop is
  /// told when it is. If it `ends_source`, nothing is to be sent behind it.
  [[nodiscard]] virtual bool holds_snapshot(CheckpointId, bool ends_source) {
    (void)ends_source;
    return false;
  }
};

/// The head of a chain that begins with a source.
template <class T>
class SourceOperator final : public AnySourceOperator {
public:
  using Result = T;

  /// Without `keeps_times` what the function says of times is dropped, but for the end.
  explicit SourceOperator(std::unique_ptr<SourceFunction<T>> function, bool keeps_times = true)
      : function_(std::move(function)), keeps_times_(keeps_times) {}

  void set_output(Input<T>& next) { next_ = &next; }
  void open(OperatorContext& context) override { function_->open(context); }
  void snapshot(CheckpointId checkpoint) override { function_->snapshot(checkpoint); }
  void on_checkpoint_complete(CheckpointId checkpoint) override {
    function_->on_checkpoint_complete(checkpoint);
  }
  void close() override { function_->close(); }
  void send_latency_marker(const LatencyMarker& marker) override { next_->process_latency_marker(marker); }
  void run(SourceLoop& loop) override {
    SourceContext<T> context(*next_, loop, this->context(), keeps_times_);
    this->guarded([&] { function_->run(context); });
    // A source that was stopped goes on from its last savepoint: what follows there is not late.
    if (loop.is_running()) context.emit_watermark(EventTime::max());
  }

private:
  // Configuration.
  const std::unique_ptr<SourceFunction<T>> function_;
  const bool keeps_times_;
  // Wired by the chain, outlives this.
  Input<T>* next_ = nullptr;
};

}  // namespace weir
