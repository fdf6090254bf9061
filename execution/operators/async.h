// SPDX-License-Identifier: Apache-2.0
// Requests to something slow outside, of which many are under way at a time.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/port_slot.h"
#include "base/result.h"
#include "base/sync.h"
#include "execution/operators/function_operator.h"
#include "execution/operators/operator.h"
#include "execution/operators/task_mail.h"
#include "memory/owned.h"

namespace weir {

enum class AsyncOrder : std::uint8_t {
  Ordered,    // results leave in the order of their records
  Unordered,  // as they come; but none passes a watermark
};

struct AsyncOptions {
  AsyncOrder order = AsyncOrder::Ordered;
  std::size_t capacity = 100;                // records under way at a time; then their source waits
  std::chrono::milliseconds timeout{10'000};  // a request may take so long, or a quarter more; 0: for ever
};

namespace detail {

/// Where answers are left until the task fetches them.
///
/// Threads: any.
/// Order:   lock_ is a leaf. The task is told without it, and when close() has returned nobody tells it any
///          more.
template <class R>
class AsyncDesk {
public:
  struct Answer {
    std::uint64_t request = 0;
    std::vector<R> results;
    std::exception_ptr failure = nullptr;  // or this
  };

  AsyncDesk(TaskMail& mail, std::function<void()> fetch) : fetch_(std::move(fetch)) { mail_.set(mail); }

  void add(Answer answer) WEIR_EXCLUDES(lock_) {
    {
      MutexLock held(lock_);
      if (is_closed_) return;  // nobody waits for it any more
      answers_.push_back(std::move(answer));
      if (std::exchange(is_told_, true)) return;
    }
    mail_.call([this](TaskMail& mail) { mail.post(fetch_); });
  }
  [[nodiscard]] std::vector<Answer> take() WEIR_EXCLUDES(lock_) {
    MutexLock held(lock_);
    is_told_ = false;
    return std::exchange(answers_, {});
  }
  void close() WEIR_EXCLUDES(lock_) {
    mail_.unset();
    std::vector<Answer> unwanted;  // the user's destructors run without the lock
    MutexLock held(lock_);
    is_closed_ = true;
    unwanted.swap(answers_);
  }

private:
  const std::function<void()> fetch_;
  PortSlot<TaskMail> mail_;
  Mutex lock_;
  std::vector<Answer> answers_ WEIR_GUARDED_BY(lock_);
  bool is_told_ WEIR_GUARDED_BY(lock_) = false;
  bool is_closed_ WEIR_GUARDED_BY(lock_) = false;
};

}  // namespace detail

/// Where the answer to one request goes: a handle, to be copied and called from any thread, at any time, also
/// when the task has ended. The first call counts.
template <class R>
class AsyncResult {
public:
  AsyncResult(std::shared_ptr<detail::AsyncDesk<R>> desk, std::uint64_t request)
      : desk_(std::move(desk)), request_(request) {}

  void operator()(R result) const {
    std::vector<R> results;
    results.push_back(std::move(result));
    complete(std::move(results));
  }
  /// Any number of records for the one that was asked about.
  void complete(std::vector<R> results) const { desk_->add({request_, std::move(results)}); }
  /// Fails the job.
  void fail(const std::string& why) const { fail(std::make_exception_ptr(std::runtime_error(why))); }
  void fail(std::exception_ptr why) const { desk_->add({request_, {}, std::move(why)}); }

private:
  std::shared_ptr<detail::AsyncDesk<R>> desk_;
  std::uint64_t request_;
};

/// A record whose answer is awaited, as a checkpoint keeps it.
template <class T>
struct AwaitedRecord {
  T value{};
  std::int64_t millis = 0;  // its time
};

/// Calls `function(record, AsyncResult<R>)` for each record, which begins a request and returns at once.
/// Whatever thread has the answer calls the AsyncResult. A function with `timeout(record, AsyncResult<R>)` is
/// asked what to do about a request that takes too long; else the job fails.
///
/// State:  "awaited", the records whose results have not left. They are asked about again after a restore.
/// Time:   a watermark waits for the results of all records before it.
/// Errors: a failed request fails the task.
template <class T, class R, class Function>
class AsyncCall final : public FunctionOperator<OneInputOperator<T, R>, Function> {
  using Base = FunctionOperator<OneInputOperator<T, R>, Function>;
  static_assert(!Borrows<T>::value, "a record that is asked about outlives its buffer: use std::string");
  static_assert(!Borrows<R>::value, "an answer outlives the thread that gives it: use std::string");

public:
  static constexpr bool kNamesItsFailures = true;

  AsyncCall(Function function, AsyncOptions options) : Base(std::move(function)), options_(options) {}

  void open(OperatorContext& context) override {
    mail_ = context.mail();
    WEIR_CHECK(mail_ != nullptr, "asynchronous calls need a task that can be reached");
    clock_ = context.processing_time();
    desk_ = std::make_shared<detail::AsyncDesk<R>>(*mail_, [this] { fetch(); });
    state_ = &context.operator_state().template list_state<AwaitedRecord<T>>("awaited");
    Base::open(context);
    await_next_tick();
    for (const AwaitedRecord<T>& record : state_->get()) ask(record.value, {record.millis});
  }

  void process(const T& value, EventTime time) override {
    while (record_count_ >= options_.capacity) wait();
    ask(value, time);
  }

  void on_processing_time() override {
    if (options_.timeout.count() == 0) return;
    if (clock_->now() < next_tick_) return clock_->wake_at(next_tick_);
    on_tick();
    await_next_tick();
  }

  void snapshot(CheckpointId checkpoint) override {
    Base::snapshot(checkpoint);
    std::vector<AwaitedRecord<T>> awaited;
    for (const auto& [number, entry] : entries_)
      if (entry.record) awaited.push_back({*entry.record, entry.time.millis});
    state_->assign(std::move(awaited));
  }

  void on_round(const Round&) override { finish(); }
  void finish() override {
    fetch();
    while (!entries_.empty()) wait();
  }
  void close() override {
    if (desk_) desk_->close();
    if constexpr (requires(Function& function) { function.end_calls(); }) this->function().end_calls();
    Base::close();
  }

protected:
  void on_watermark(EventTime watermark) override {
    if (entries_.empty()) return this->forward_watermark(watermark);
    entries_.emplace(next_number_++, Entry{.time = watermark});
  }
  void on_status(StreamStatus status) override {
    if (entries_.empty()) return this->forward_status(status);
    entries_.emplace(next_number_++, Entry{.status = status});
  }

private:
  using Desk = detail::AsyncDesk<R>;

  /// A record, or what stands between records.
  struct Entry {
    std::optional<T> record = std::nullopt;
    EventTime time = EventTime::none();  // of the record; or the watermark
    std::optional<StreamStatus> status = std::nullopt;
    std::int64_t asked_at = 0;  // tick
    bool is_answered = false;
    std::vector<R> results = {};
  };
  using Entries = std::map<std::uint64_t, Entry>;

  void ask(const T& value, EventTime time) {
    const std::uint64_t number = next_number_++;
    Entry& entry =
        entries_.emplace(number, Entry{.record = value, .time = time, .asked_at = tick_}).first->second;
    ++record_count_;
    this->guarded([&] { this->function()(*entry.record, AsyncResult<R>(desk_, number)); });
  }

  /// Takes the answers that have come, and emits what may leave.
  void fetch() {
    for (typename Desk::Answer& answer : desk_->take()) {
      const auto found = entries_.find(answer.request);
      if (found == entries_.end() || found->second.is_answered) continue;
      if (answer.failure) this->guarded([&] { std::rethrow_exception(answer.failure); });
      found->second.is_answered = true;
      found->second.results = std::move(answer.results);
    }
    emit_ready();
  }

  void emit_ready() {
    auto at = entries_.begin();
    while (at != entries_.end()) {
      if (!at->second.record) {  // passes only when all before it have gone
        if (at != entries_.begin()) return;
        at = emit_between(at);
      } else if (at->second.is_answered) {
        at = emit_record(at);
      } else if (options_.order == AsyncOrder::Ordered) {
        return;
      } else {
        ++at;
      }
    }
  }
  auto emit_record(typename Entries::iterator at) {
    const Entry entry = std::move(at->second);
    const auto next = entries_.erase(at);
    --record_count_;
    for (const R& result : entry.results) this->next().process(result, entry.time);
    return next;
  }
  auto emit_between(typename Entries::iterator at) {
    const Entry entry = std::move(at->second);
    const auto next = entries_.erase(at);
    if (entry.status) this->forward_status(*entry.status);
    else this->forward_watermark(entry.time);
    return next;
  }

  /// Waits for an answer, or until a tick is over.
  void wait() {
    const bool has_timeout = options_.timeout.count() > 0;
    const TimePoint deadline =
        has_timeout ? std::chrono::steady_clock::now() + tick_length() : TimePoint::max();
    if (!mail_->await_answer(deadline)) on_tick();
    fetch();
  }

  [[nodiscard]] std::chrono::milliseconds tick_length() const {
    return std::max(std::chrono::milliseconds(options_.timeout.count() / kTicksATimeout),
                    std::chrono::milliseconds(1));
  }
  void await_next_tick() {
    if (options_.timeout.count() == 0) return;
    next_tick_ = clock_->now() + tick_length().count();
    clock_->wake_at(next_tick_);
  }
  void on_tick() {
    ++tick_;
    for (auto& [number, entry] : entries_) {
      if (!entry.record || entry.is_answered) continue;
      if (tick_ - entry.asked_at <= kTicksATimeout) continue;
      entry.asked_at = tick_;
      this->guarded([&, id = number, &late = entry] { on_timeout(id, late); });
    }
  }
  void on_timeout(std::uint64_t number, Entry& entry) {
    if constexpr (requires(Function & function) {
                    function.timeout(*entry.record, std::declval<AsyncResult<R>>());
                  }) {
      this->function().timeout(*entry.record, AsyncResult<R>(desk_, number));
    } else {
      throw std::runtime_error("an asynchronous request took longer than " +
                               std::to_string(options_.timeout.count()) + " ms");
    }
  }

  static constexpr std::int64_t kTicksATimeout = 4;

  // Configuration.
  const AsyncOptions options_;
  // Bound at open.
  TaskMail* mail_ = nullptr;
  ProcessingTime* clock_ = nullptr;
  std::shared_ptr<Desk> desk_;
  OperatorListState<AwaitedRecord<T>>* state_ = nullptr;
  // In checkpoints, as far as they are records.
  Entries entries_;  // by number, in the order in which they came
  std::size_t record_count_ = 0;
  // Not in checkpoints.
  std::uint64_t next_number_ = 0;
  std::int64_t tick_ = 0;
  std::int64_t next_tick_ = 0;
};

}  // namespace weir
