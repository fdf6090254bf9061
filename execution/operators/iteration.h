// SPDX-License-Identifier: Apache-2.0
// The two ends of an iteration: what comes to the end is fed back to the beginning, from where it goes round.
//
//     beginning (a source) --> body --> end (a sink)
//          ^                    ^         |
//          |              input from      |
//          +---- feedback  outside <------+     in one process: subtask i to subtask i
//
// Checkpoints: the beginning sends the barrier on when it is told to, and from then on writes down what is
// fed back, until the barrier has come round: this is what was under way, and it is the beginning's state.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include "execution/operators/feedback.h"
#include "execution/operators/operator.h"
#include "execution/operators/source.h"
#include "execution/operators/stream_element.h"
#include "memory/memory_segment.h"
#include "memory/owned.h"
#include "memory/serializers_std.h"

namespace weir {

/// A record on its way back, as a checkpoint keeps it.
template <class T>
struct FedBack {
  T value{};
  std::int64_t millis = 0;  // its time
};

/// Sends what is fed back into the body, until nothing is under way and all other input of the body has
/// ended.
///
/// State:  "feedback", the records that were under way; at another parallelism they are dealt out anew.
/// Time:   it has none, and no watermark waits for it.
template <Record T>
class IterationHead final : public AnySourceOperator {
  static_assert(!Borrows<T>::value, "a record that goes round outlives its buffer: use std::string");

public:
  using Result = T;

  explicit IterationHead(std::uint64_t iteration) : round_{.iteration = iteration} {}

  void set_output(Input<T>& next) { next_ = &next; }

  void open(OperatorContext& context) override {
    feedback_ = context.feedback();
    mail_ = context.mail();
    WEIR_CHECK(feedback_ != nullptr && mail_ != nullptr,
               "an iteration needs a worker that runs both its ends");
    state_ = &context.operator_state().template list_state<FedBack<T>>("feedback");
    restored_ = state_->get();
    state_->clear();
    feedback_->read_by(*mail_);
  }

  void run(SourceLoop& loop) override {
    next_->process_watermark(EventTime::max());
    for (const FedBack<T>& each : std::exchange(restored_, {})) pass(each.value, {each.millis}, loop);
    send_round(loop);
    while (!has_ended_) {
      loop.breathe();
      resume(loop);
      if (const auto item = feedback_->take()) work_off(*item, loop);
      else (void)mail_->await_answer(TimePoint::max());
    }
    feedback_->leave(held_for_ == 0 ? Feedback::Reader::Finished : Feedback::Reader::Left);
  }

  bool holds_snapshot(CheckpointId checkpoint, bool ends_source) override {
    logs_.push_back({checkpoint, {}});
    if (ends_source) held_for_ = checkpoint;
    return true;
  }
  void snapshot(CheckpointId) override { state_->assign(std::exchange(under_way_, {})); }
  void on_checkpoint_aborted(CheckpointId checkpoint) override {
    for (Log& log : logs_)
      if (log.checkpoint == checkpoint && checkpoint == held_for_) restored_ = std::move(log.records);
    std::erase_if(logs_, [&](const Log& log) { return log.checkpoint == checkpoint; });
    if (checkpoint == held_for_) held_for_ = 0;
  }
  void close() override {
    if (feedback_ != nullptr) feedback_->leave(Feedback::Reader::Left);
  }

private:
  /// What has come back since a barrier left.
  struct Log {
    CheckpointId checkpoint = 0;
    std::vector<FedBack<T>> records;
  };

  void work_off(const Feedback::Item& item, SourceLoop& loop) {
    switch (item.kind) {
      case Feedback::Item::Kind::Records: return pass_all(item.elements(), loop);
      case Feedback::Item::Kind::Barrier: return end_log(item.checkpoint, loop);
      case Feedback::Item::Kind::Round:
        if (held_for_ != 0) is_round_due_ = true;
        else if (item.round.is_quiet) has_ended_ = true;
        else send_round(loop);
    }
  }

  void pass_all(std::span<const std::byte> elements, SourceLoop& loop) {
    const std::byte* at = elements.data();
    const std::byte* const end = at + elements.size();
    while (at != end) {
      EventTime time;
      at = read_record_header(time, at, end);
      WEIR_CHECK(at != nullptr, "the end of an iteration writes records");
      at = Serializer<T>::read(value_, at, end);
      WEIR_CHECK(at != nullptr, "the end of an iteration writes whole records");
      pass(value_, time, loop);
    }
  }
  void pass(const T& value, EventTime time, SourceLoop& loop) {
    for (Log& log : logs_) log.records.push_back({value, time.millis});
    if (held_for_ != 0) return;  // a job that goes on from there sends it
    was_quiet_ = false;
    next_->process(value, time);
    loop.breathe();
  }

  void end_log(CheckpointId checkpoint, SourceLoop& loop) {
    const auto log = std::ranges::find(logs_, checkpoint, &Log::checkpoint);
    if (log == logs_.end()) return;  // it was given up meanwhile
    under_way_ = std::move(log->records);
    logs_.erase(logs_.begin(), log + 1);  // older ones will not come to anything
    has_ended_ = checkpoint == held_for_;
    loop.begin_snapshot(checkpoint);
    state_->clear();
  }

  /// After a savepoint that was to end the job and failed: what was held back for it goes on.
  void resume(SourceLoop& loop) {
    if (held_for_ != 0) return;
    for (const FedBack<T>& each : std::exchange(restored_, {})) pass(each.value, {each.millis}, loop);
    if (std::exchange(is_round_due_, false)) send_round(loop);
  }

  void send_round(SourceLoop& loop) {
    ++round_.number;
    round_.is_quiet = std::exchange(was_quiet_, true) && round_.number > 1;
    loop.send_round(round_);
  }

  // Bound at open.
  std::shared_ptr<Feedback> feedback_;
  TaskMail* mail_ = nullptr;
  OperatorListState<FedBack<T>>* state_ = nullptr;
  Input<T>* next_ = nullptr;
  // In checkpoints.
  std::deque<Log> logs_;  // of those under way, oldest first
  std::vector<FedBack<T>> under_way_;
  std::vector<FedBack<T>> restored_;
  // Not in checkpoints.
  Round round_;
  bool was_quiet_ = true;
  bool is_round_due_ = false;
  bool has_ended_ = false;
  CheckpointId held_for_ = 0;  // a savepoint behind which nothing is sent; 0: none
  T value_{};                  // reused, so that strings keep their memory
};

/// Feeds back what comes to it.
///
/// Errors: a record that comes when its iteration has ended: some operator inside emits at the end of its
///         input.
template <Record T>
class IterationEnd final : public SinkOperator<T> {
public:
  explicit IterationEnd(std::uint64_t iteration) : iteration_(iteration) {}

  void open(OperatorContext& context) override {
    feedback_ = context.feedback();
    WEIR_CHECK(feedback_ != nullptr, "an iteration needs a worker that runs both its ends");
  }

  void process(const T& value, EventTime time) override {
    const std::size_t most = kMaxElementHeaderBytes + Serializer<T>::bound(value) + kSegmentSlackBytes;
    if (block_.size() < used_ + most) block_.resize(std::max(used_ + most, kBlockBytes + most));
    const std::byte* end = Serializer<T>::write(value, write_record_header(block_.data() + used_, time));
    used_ = static_cast<std::size_t>(end - block_.data());
    if (used_ >= kBlockBytes) flush();
  }

  void on_idle() override { flush(); }
  void finish() override { flush(); }
  void snapshot(CheckpointId checkpoint) override {
    if (checkpoint == kStateAtTheEnd) return;
    flush();
    (void)feedback_->put({.kind = Feedback::Item::Kind::Barrier, .checkpoint = checkpoint});
  }
  void on_round(const Round& round) override {
    if (round.iteration != iteration_) return;
    flush();
    (void)feedback_->put({.kind = Feedback::Item::Kind::Round, .round = round});
  }

private:
  static constexpr std::size_t kBlockBytes = 32 << 10;

  void flush() {
    if (used_ == 0) return;
    block_.resize(std::exchange(used_, 0) + kSegmentSlackBytes);
    if (feedback_->put({.records = std::exchange(block_, {})}) != Feedback::Reader::Finished) return;
    throw std::runtime_error(
        "a record came to the end of an iteration that has ended: an operator inside holds records back "
        "until its input ends, such as a reduce with Emit::Final; put it behind the iteration");
  }

  // Configuration.
  const std::uint64_t iteration_;
  // Bound at open.
  std::shared_ptr<Feedback> feedback_;
  // Handed on before each checkpoint.
  std::vector<std::byte> block_;
  std::size_t used_ = 0;
};

}  // namespace weir
