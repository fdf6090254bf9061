// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
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

  /// Lets waiting letters in, if there are any. One relaxed load when there are none.
  void breathe() {
    if (attention_.load(std::memory_order_relaxed) != 0) [[unlikely]] take_letters();
  }
  virtual void take_letters() = 0;
  /// Sleeps until then; letters are let in meanwhile.
  virtual void await_until(TimePoint when) = 0;
  /// Sleeps until there is something to read from the descriptor, or a letter came and was let in.
  virtual void await_readable(int descriptor) = 0;

private:
  const std::atomic<std::uint32_t>& attention_;
};

/// What a source function sees of its task.
template <class T>
class SourceContext {
public:
  SourceContext(Input<T>& next, SourceLoop& loop, const OperatorContext& place)
      : next_(next), loop_(loop), place_(place) {}

  /// Sends a record down the chain. Between records checkpoints and cancelling come in here.
  void collect(const T& value) { collect(value, EventTime::none()); }
  void collect(const T& value, EventTime time) {
    next_.process(value, time);
    loop_.breathe();
  }

  [[nodiscard]] std::uint32_t subtask_index() const { return place_.subtask_index(); }
  [[nodiscard]] std::uint32_t parallelism() const { return place_.parallelism(); }

  void await_until(TimePoint when) { loop_.await_until(when); }
  void await_readable(int descriptor) { loop_.await_readable(descriptor); }

private:
  Input<T>& next_;
  SourceLoop& loop_;
  const OperatorContext& place_;
};

/// Where records come from: a loop that collects them and returns when there are no more.
///
/// Threads: the task's: one instance a subtask. Errors: what it throws fails the task.
template <class T>
class SourceFunction {
public:
  virtual ~SourceFunction() = default;
  virtual void run(SourceContext<T>& context) = 0;
};

class AnySourceOperator : public Operator {
public:
  virtual void run(SourceLoop& loop) = 0;
};

/// The head of a chain that begins with a source.
template <class T>
class SourceOperator final : public AnySourceOperator {
public:
  using Result = T;

  explicit SourceOperator(std::unique_ptr<SourceFunction<T>> function) : function_(std::move(function)) {}

  void set_output(Input<T>& next) { next_ = &next; }
  void run(SourceLoop& loop) override {
    SourceContext<T> context(*next_, loop, this->context());
    this->guarded([&] { function_->run(context); });
  }

private:
  // Configuration.
  const std::unique_ptr<SourceFunction<T>> function_;
  // Wired by the chain, outlives this.
  Input<T>* next_ = nullptr;
};

}  // namespace weir
