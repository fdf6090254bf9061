// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "execution/operators/feedback.h"
#include "execution/operators/input.h"
#include "execution/operators/operator_context.h"
#include "execution/operators/output_tag.h"

namespace weir {

/// Ends a task that was cancelled, from wherever it waits. Not a std::exception, so that a user's catch does
/// not eat it.
struct TaskCancelled {};

/// What a user's function threw, and in which operator.
class OperatorFailure : public std::runtime_error {
public:
  OperatorFailure(std::string operator_name, const std::string& cause, bool would_come_again = false)
      : std::runtime_error(cause),
        operator_name_(std::move(operator_name)),
        would_come_again_(would_come_again) {}
  [[nodiscard]] const std::string& operator_name() const { return operator_name_; }
  /// However often the task is started.
  [[nodiscard]] bool would_come_again() const { return would_come_again_; }

private:
  std::string operator_name_;
  bool would_come_again_;
};

/// For a catch (...) around user code: throws what is being handled again, as an OperatorFailure of that
/// operator. What has a name already, and the cancelling of a task, pass as they are.
[[noreturn]] void rethrow_attributed(const std::string& operator_name);

/// In the place of a checkpoint: the state that an operator has at its end, which all later ones hold.
inline constexpr CheckpointId kStateAtTheEnd = 0;

/// What happens to records: one an operator and subtask. The task opens it, feeds it, finishes and closes it.
///
/// Threads: the task's, all of it.
/// Order:   open(), records and watermarks, finish() when the input has ended, close(). close() comes also
///          after a failure. An input that ends by itself sends the watermark EventTime::max() first.
class Operator {
public:
  virtual ~Operator() = default;

  /// Tells the operator where it runs. By the chain, before open(); `context` outlives this.
  void bind(OperatorContext& context) { context_ = &context; }

  virtual void open(OperatorContext&) {}
  /// No record follows: emit what was held back.
  virtual void finish() {}
  /// A snapshot of the operator's state is taken as soon as this returns: put into state what is not there
  /// yet. After finish() this comes once more, with kStateAtTheEnd.
  virtual void snapshot(CheckpointId) {}
  /// All tasks have handed in their state for this checkpoint, and so for all before it: what was held back
  /// for it may be made visible. Some are never told of.
  virtual void on_checkpoint_complete(CheckpointId) {}
  virtual void on_checkpoint_aborted(CheckpointId) {}
  /// Whether something is held back that a checkpoint must complete first. The task does not end before.
  [[nodiscard]] virtual bool awaits_checkpoint() const { return false; }
  /// A round of an iteration passes the task, which it may do when what came before it has: wait for what is
  /// under way elsewhere and hand it on.
  virtual void on_round(const Round&) {}
  /// The task has nothing to do for now: hand on what is only buffered.
  virtual void on_idle() {}
  /// The clock has come to what somebody in the task asked to be woken at; it may not have been this
  /// operator.
  virtual void on_processing_time() {}
  virtual void close() {}

  [[nodiscard]] const std::string& name() const { return context_->operator_name(); }
  /// The latest watermark that came, EventTime::none() at first. Of several inputs, the earliest of theirs.
  [[nodiscard]] EventTime current_watermark() const { return watermark_; }

  /// By the operator's receiving face. Time never goes back: an earlier watermark is not taken.
  void advance_watermark(EventTime watermark);
  void change_status(StreamStatus status);
  void pass_latency_marker(const LatencyMarker& marker);

  /// By the chain, before open().
  void add_side_output(const SideOutput& output) { side_outputs_.push_back(output); }
  /// Where records of that tag go; null if nobody reads them. A search among the operator's few tags. Throws
  /// std::logic_error if they are read as another type.
  template <class T>
  [[nodiscard]] Input<T>* side_output(const OutputTag<T>& tag) const {
    return static_cast<Input<T>*>(find_side_output(tag.name, record_type_key<T>()));
  }

protected:
  [[nodiscard]] OperatorContext& context() const { return *context_; }

  /// Time has come so far; current_watermark() says so already. An operator hands it on when it has emitted
  /// all that belongs before it.
  virtual void on_watermark(EventTime watermark) { forward_watermark(watermark); }
  virtual void on_status(StreamStatus status) { forward_status(status); }

  // To all that comes after the operator.
  virtual void forward_watermark(EventTime watermark);
  virtual void forward_status(StreamStatus status);
  virtual void forward_latency_marker(const LatencyMarker& marker);

  /// Calls the user's code, so that what it throws carries this operator's name. What comes from operators
  /// further down has theirs already. Costs nothing while nothing is thrown.
  ///
  /// An operator whose process() has nothing that throws outside of guarded() says so by kNamesItsFailures;
  /// of all others the chain does it, at the price of one more pointer a record.
  template <class Call>
  [[gnu::always_inline]] decltype(auto) guarded(Call&& call) {
    try {
      return call();
    } catch (...) {
      rethrow_attributed(name());
    }
  }

private:
  [[nodiscard]] AnyInput* find_side_output(std::string_view name, RecordTypeKey type) const;

  OperatorContext* context_ = nullptr;
  EventTime watermark_ = EventTime::none();
  std::vector<SideOutput> side_outputs_;
};

/// An operator of one input and one output. Subclasses say what process() does; results go to next().
template <class In_, class Out_>
class OneInputOperator : public Operator, public Input<In_> {
public:
  using In = In_;
  using Result = Out_;

  void set_output(Input<Out_>& next) { next_ = &next; }

  void process_watermark(EventTime watermark) final { advance_watermark(watermark); }
  void process_status(StreamStatus status) final { change_status(status); }
  void process_latency_marker(const LatencyMarker& marker) final { pass_latency_marker(marker); }

protected:
  [[nodiscard]] Input<Out_>& next() { return *next_; }

  void forward_watermark(EventTime watermark) override {
    next_->process_watermark(watermark);
    Operator::forward_watermark(watermark);
  }
  void forward_status(StreamStatus status) override {
    next_->process_status(status);
    Operator::forward_status(status);
  }
  void forward_latency_marker(const LatencyMarker& marker) override {
    next_->process_latency_marker(marker);
    Operator::forward_latency_marker(marker);
  }

private:
  Input<Out_>* next_ = nullptr;  // wired by the chain before open(), outlives this
};

template <class Op>
concept NamesItsFailures = requires { requires Op::kNamesItsFailures; };

/// The receiving face of an operator that does not put its name to what its process() throws: does it for it.
template <class Op>
class AttributedInput final : public Input<typename Op::In> {
public:
  explicit AttributedInput(Op& op) : op_(op) {}

  void process(const typename Op::In& value, EventTime time) override {
    try {
      op_.process(value, time);
    } catch (...) {
      rethrow_attributed(op_.name());
    }
  }
  void process_watermark(EventTime watermark) override { op_.advance_watermark(watermark); }
  void process_status(StreamStatus status) override { op_.change_status(status); }
  void process_latency_marker(const LatencyMarker& marker) override { op_.pass_latency_marker(marker); }

private:
  Op& op_;  // outlives this
};

/// The end of a stream.
template <class In_>
class SinkOperator : public Operator, public Input<In_> {
public:
  using In = In_;
  using Result = void;

  void process_watermark(EventTime watermark) final { advance_watermark(watermark); }
  void process_status(StreamStatus status) final { change_status(status); }
  void process_latency_marker(const LatencyMarker& marker) final { pass_latency_marker(marker); }
};

}  // namespace weir
