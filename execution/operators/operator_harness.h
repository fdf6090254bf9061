// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/state/byte_store.h"
#include "execution/operators/element_reader.h"
#include "execution/operators/operator.h"
#include "execution/operators/operator_context.h"
#include "execution/operators/operator_snapshots.h"
#include "execution/operators/processing_time.h"

namespace weir {

/// A record and its time, as a test sees it.
template <class T>
struct Stamped {
  T value{};
  EventTime time;
  bool operator==(const Stamped&) const = default;
};

/// One operator without a cluster: a test feeds it records and watermarks, turns its clock, takes snapshots,
/// lets it crash, and goes on from a snapshot with more or fewer subtasks.
///
///     OperatorHarness<Click, Session> task([] { return std::make_unique<Sessions>(30min); },
///                                          [](const Click& c) { return c.user; });
///     task.record({"ada"}, 1000);
///     task.watermark(2'000'000);
///     CHECK(task.take_values() == std::vector{Session{"ada", 1}});
///
/// Unit:    times in ms.
/// Threads: one; nothing happens by itself.
/// Errors:  what the operator throws comes out of the call that made it throw.
template <class T, class R>
class OperatorHarness {
public:
  using Make = std::function<std::unique_ptr<OneInputOperator<T, R>>()>;

  struct Options {
    std::uint32_t parallelism = 1;
    std::uint32_t max_parallelism = 128;
    std::string name = "operator under test";
    /// Makes the store in which the operator's states are; none: they are on the heap.
    std::function<std::unique_ptr<ByteStore>()> store = {};
  };

  /// Without keys all records go to the first subtask. `key` is a function or a member pointer.
  explicit OperatorHarness(Make make, Options options = {})
      : OperatorHarness(std::move(make), nullptr, std::move(options)) {}
  template <class KeyFunction>
    requires std::invocable<const KeyFunction&, const T&>
  OperatorHarness(Make make, KeyFunction key, Options options = {})
      : OperatorHarness(std::move(make), Hash([key](const T& value) {
                          using K = std::remove_cvref_t<std::invoke_result_t<const KeyFunction&, const T&>>;
                          return KeyHash<K>::hash(std::invoke(key, value));
                        }),
                        std::move(options)) {}
  ~OperatorHarness() { stop(); }

  /// A record, without a time or with one.
  void record(const T& value, std::int64_t time = EventTime::none().millis) {
    open();
    Subtask& to = *subtasks_[hash_ ? owner_of(key_group_of(hash_(value), options_.max_parallelism),
                                              options_.parallelism, options_.max_parallelism)
                                   : 0];
    if (to.attributed) to.attributed->process(value, EventTime{time});
    else static_cast<Input<T>&>(*to.instance).process(value, EventTime{time});
  }
  /// To all subtasks, as in a job.
  void watermark(std::int64_t time) {
    open();
    for (const auto& each : subtasks_) each->instance->advance_watermark(EventTime{time});
  }
  /// Turns the clock forward, and wakes whoever asked for it.
  void set_processing_time(std::int64_t now) {
    open();
    clock_.set(now);
    for (const auto& each : subtasks_) each->instance->on_processing_time();
  }
  [[nodiscard]] std::int64_t processing_time() const { return clock_.now(); }
  /// When the operator wants to be woken next; std::int64_t's last: never.
  [[nodiscard]] std::int64_t next_wake() const { return clock_.next_wake(); }
  /// The input ends: the last watermark, and what the operator held back.
  void finish() {
    watermark(EventTime::max().millis);
    for (const auto& each : subtasks_) each->instance->finish();
  }

  /// What came out since the last call, in order within a subtask; subtasks one after the other.
  [[nodiscard]] std::vector<Stamped<R>> take_output() {
    std::vector<Stamped<R>> all;
    for (const auto& each : subtasks_) {
      for (auto& record : each->output.records) all.push_back(std::move(record));
      each->output.records.clear();
    }
    return all;
  }
  [[nodiscard]] std::vector<R> take_values() {
    std::vector<R> values;
    for (auto& record : take_output()) values.push_back(std::move(record.value));
    return values;
  }
  /// The last watermark that came out of the first subtask.
  [[nodiscard]] EventTime output_watermark() {
    open();
    return subtasks_[0]->output.watermark;
  }

  /// The state of all subtasks at this moment.
  [[nodiscard]] std::vector<OperatorSnapshot> snapshot() {
    begin_snapshot();
    return end_snapshot();
  }
  /// The same in two steps: what comes between is not in it, though a task works on while it is written.
  void begin_snapshot() {
    open();
    for (const auto& each : subtasks_) {
      each->instance->snapshot(++checkpoint_);
      each->writer.begin(*each->context);
    }
  }
  [[nodiscard]] std::vector<OperatorSnapshot> end_snapshot() {
    std::vector<OperatorSnapshot> all;
    for (const auto& each : subtasks_) all.push_back(each->writer.end(*each->context));
    return all;
  }

  /// The operator is gone, with all that it had. The next call starts it anew, with nothing.
  void crash() {
    stop(/*closes=*/false);
    restored_.clear();
  }
  /// Starts it from a snapshot, with the same or another number of subtasks. What came out meanwhile is gone.
  void restore(std::vector<OperatorSnapshot> from) { restore(std::move(from), options_.parallelism); }
  void restore(std::vector<OperatorSnapshot> from, std::uint32_t parallelism) {
    crash();
    restored_ = std::move(from);
    options_.parallelism = parallelism;
    open();
  }
  /// Keeps its state through a crash, as a job does whose last checkpoint was a moment ago.
  void crash_and_restore() { restore(snapshot()); }

  /// What a subtask knows of its task.
  [[nodiscard]] OperatorContext& context(std::uint32_t subtask = 0) {
    open();
    return *subtasks_[subtask]->context;
  }
  [[nodiscard]] OneInputOperator<T, R>& instance(std::uint32_t subtask = 0) {
    open();
    return *subtasks_[subtask]->instance;
  }

private:
  using Hash = std::function<std::uint64_t(const T&)>;

  struct Output final : Input<R> {
    void process(const R& value, EventTime time) override { records.push_back({value, time}); }
    void process_watermark(EventTime time) override { watermark = time; }
    std::vector<Stamped<R>> records;
    EventTime watermark;
  };

  struct Subtask {
    std::unique_ptr<OperatorContext> context;
    std::unique_ptr<OneInputOperator<T, R>> instance;
    std::unique_ptr<Input<T>> attributed = nullptr;
    Output output = {};
    SnapshotWriter writer = {};
  };

  OperatorHarness(Make make, Hash hash, Options options)
      : make_(std::move(make)), hash_(std::move(hash)), options_(std::move(options)) {}

  void open() {
    if (!subtasks_.empty()) return;
    for (std::uint32_t i = 0; i < options_.parallelism; ++i) {
      auto subtask = std::make_unique<Subtask>();
      subtask->context = std::make_unique<OperatorContext>(OperatorContext::Place{
          options_.name, i, options_.parallelism, options_.max_parallelism, /*is_checkpointed=*/true});
      OperatorContext& context = *subtask->context;
      context.use_processing_time(clock_);
      if (options_.store) context.keyed_state().use_store(options_.store);
      if (!restored_.empty()) context.begin_restore(restored_state(restored_, i, options_.parallelism));
      subtask->instance = make_();
      subtask->instance->bind(context);
      subtask->instance->set_output(subtask->output);
      subtasks_.push_back(std::move(subtask));
      subtasks_.back()->instance->open(context);
      if (context.is_restored()) context.end_restore();
    }
  }

  void stop(bool closes = true) {
    for (const auto& each : subtasks_) {
      if (closes) each->instance->close();
    }
    subtasks_.clear();
    clock_.forget();
  }

  const Make make_;
  const Hash hash_;
  Options options_;
  HandClock clock_;
  CheckpointId checkpoint_ = 0;
  std::vector<OperatorSnapshot> restored_;
  std::vector<std::unique_ptr<Subtask>> subtasks_;
};

}  // namespace weir
