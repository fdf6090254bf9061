// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "execution/operators/operator.h"
#include "memory/serializers_std.h"

namespace weir {

/// What a TwoPhaseCommitSink asks of the place it writes to. One a subtask.
///
///     Transaction            a plain value that names a transaction wherever it is read; in checkpoints
///     open(context, pending) `pending` may yet be committed, by any subtask; whatever else earlier attempts
///                            of this subtask have begun is rolled back
///     begin()                there is none that is open
///     write(value, time)     into the open one
///     prepare(checkpoint)    answers the Transaction: it is safe now and can be committed even if this
///                            process and its machine die. None is open any more
///     commit(transaction)    makes it visible; nothing is done for one that is visible already
///     abort()                rolls the open one back
///
/// An earlier attempt that has not heard of its end may still write: what it does must not get into the
/// transactions of a later one (OperatorContext::attempt()).
///
/// Errors: what it throws fails the task.
template <class S, class T>
concept TransactionalStore =
    Record<typename S::Transaction> &&
    requires(S& store, const OperatorContext& context, const std::vector<typename S::Transaction>& pending,
             const typename S::Transaction& transaction, const T& value) {
      store.open(context, pending);
      store.begin();
      store.write(value, EventTime{});
      { store.prepare(CheckpointId{}) } -> std::same_as<typename S::Transaction>;
      store.commit(transaction);
      store.abort();
    };

/// A transaction that waits for its checkpoint to be complete.
template <class Transaction>
struct PendingTransaction {
  std::uint64_t checkpoint = 0;
  Transaction transaction;
};

/// Writes each record once into a store that knows transactions: what was written since a checkpoint becomes
/// visible when the next one is complete, and never if the job falls back behind it.
///
///     records -> open --snapshot(id)--> pending under id --complete(id' >= id)--> committed
///                  |                        |
///                  +-- the task ends        +-- the job goes on from a checkpoint that holds it: committed
///                      before: rolled back      from one that does not: rolled back
///
/// Without checkpoints everything is one transaction, which is committed when the input has ended.
///
/// Threads: the task's.
/// State:   "pending", union: each subtask knows all of them, so that none rolls back what another commits.
template <class T, class Store>
  requires TransactionalStore<Store, T>
class TwoPhaseCommitSink final : public SinkOperator<T> {
public:
  static constexpr bool kNamesItsFailures = true;
  using Pending = PendingTransaction<typename Store::Transaction>;

  explicit TwoPhaseCommitSink(Store store) : store_(std::move(store)) {}

  void open(OperatorContext& context) override {
    pending_ = &context.operator_state().union_list_state<Pending>("pending");
    std::vector<typename Store::Transaction> restored;
    for (const Pending& each : pending_->get()) restored.push_back(each.transaction);
    store_.open(context, restored);
    for (std::size_t i = context.subtask_index(); i < restored.size(); i += context.parallelism())
      store_.commit(restored[i]);
    // No checkpoint can complete before all subtasks have opened, and so committed theirs.
    pending_->clear();
  }

  void process(const T& value, EventTime time) override {
    this->guarded([&] {
      if (!is_open_) [[unlikely]] begin();
      store_.write(value, time);
    });
  }

  void snapshot(CheckpointId checkpoint) override {
    if (is_open_) prepare(checkpoint);
  }

  void on_checkpoint_complete(CheckpointId checkpoint) override {
    std::vector<Pending> later;
    for (const Pending& each : pending_->get()) {
      if (each.checkpoint <= checkpoint) store_.commit(each.transaction);
      else later.push_back(each);
    }
    pending_->assign(std::move(later));
  }

  void finish() override {
    if (this->context().is_checkpointed()) return;  // the last checkpoint commits
    if (is_open_) prepare(kStateAtTheEnd);
    for (const Pending& each : pending_->get()) store_.commit(each.transaction);
    pending_->clear();
  }

  [[nodiscard]] bool awaits_checkpoint() const override { return is_open_ || !pending_->get().empty(); }

  void close() override {
    if (std::exchange(is_open_, false)) store_.abort();
  }

private:
  void begin() {
    store_.begin();
    is_open_ = true;
  }
  void prepare(CheckpointId checkpoint) {
    pending_->add({checkpoint, store_.prepare(checkpoint)});
    is_open_ = false;
  }

  // Configuration, and what the open transaction has of it.
  Store store_;
  bool is_open_ = false;
  // In every checkpoint.
  OperatorListState<Pending>* pending_ = nullptr;
};

}  // namespace weir
