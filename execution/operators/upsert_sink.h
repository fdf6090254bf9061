// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/sync.h"
#include "execution/operators/operator.h"

namespace weir {

/// A table outside of the cluster that holds one value a key: a table of a database, a compacted topic. One
/// writer a subtask. A port: connectors implement it.
///
/// Order:  open(), rows and flushes in any order, close(). close() comes also after a failure.
/// Errors: what it throws fails the task, and the rows since the last checkpoint come again.
template <class K, class V>
class UpsertTable {
public:
  virtual ~UpsertTable() = default;
  /// `context` tells this writer from others, also from an earlier attempt that has not heard of its end.
  virtual void open(const OperatorContext& context) = 0;
  /// The key's value from now on. May wait in a batch until flush().
  virtual void upsert(const K& key, const V& value) = 0;
  /// The key has no value any more.
  virtual void erase(const K& key) = 0;
  /// Returns when all rows so far are safe. In the order in which they came, where they are of one key.
  virtual void flush() = 0;
  virtual void close() {}
};

namespace detail {
template <class T>
struct RowValue {
  using Type = T;
};
template <class T>
struct RowValue<std::optional<T>> {
  using Type = T;
};
}  // namespace detail

/// Each record as the row of its key, in the place of the row before. A checkpoint holds only what is safe in
/// the table; what came after it is written again when the job goes on from it, and ends in the same row. So
/// the table is as if each record had been written once, though it may go back for a moment on the way.
///
/// `value` may return an optional: without a value the key is erased.
///
/// Threads: the task's.
template <class T, class KeyFunction, class ValueFunction>
class UpsertSink final : public SinkOperator<T> {
  using Row = std::remove_cvref_t<std::invoke_result_t<ValueFunction&, const T&>>;

public:
  static constexpr bool kNamesItsFailures = true;
  using Key = std::remove_cvref_t<std::invoke_result_t<KeyFunction&, const T&>>;
  using Value = typename detail::RowValue<Row>::Type;

  UpsertSink(KeyFunction key, ValueFunction value, std::unique_ptr<UpsertTable<Key, Value>> table)
      : key_(std::move(key)), value_(std::move(value)), table_(std::move(table)) {}

  void open(OperatorContext& context) override { table_->open(context); }

  void process(const T& record, EventTime) override {
    this->guarded([&] {
      if constexpr (std::is_same_v<Row, Value>) {
        table_->upsert(std::invoke(key_, record), std::invoke(value_, record));
      } else {
        const Row row = std::invoke(value_, record);
        if (row) table_->upsert(std::invoke(key_, record), *row);
        else table_->erase(std::invoke(key_, record));
      }
    });
  }

  void snapshot(CheckpointId) override { table_->flush(); }
  void finish() override { table_->flush(); }
  void close() override { table_->close(); }

private:
  KeyFunction key_;
  ValueFunction value_;
  const std::unique_ptr<UpsertTable<Key, Value>> table_;
};

/// A table in this process, for tests and small programs on a mini cluster. Its writers hand their rows over
/// in batches, as those of a database do.
///
/// Threads: any. Order: lock_ is a leaf.
template <class K, class V>
class SharedTable : public std::enable_shared_from_this<SharedTable<K, V>> {
public:
  [[nodiscard]] std::map<K, V> rows() const WEIR_EXCLUDES(lock_) {
    MutexLock held(lock_);
    return rows_;
  }

  /// For a subtask. The table lives as long as it.
  [[nodiscard]] std::unique_ptr<UpsertTable<K, V>> writer() {
    return std::make_unique<Writer>(this->shared_from_this());
  }

private:
  using Batch = std::vector<std::pair<K, std::optional<V>>>;

  class Writer final : public UpsertTable<K, V> {
  public:
    explicit Writer(std::shared_ptr<SharedTable> table) : table_(std::move(table)) {}
    void open(const OperatorContext&) override {}
    void upsert(const K& key, const V& value) override { batch_.emplace_back(key, value); }
    void erase(const K& key) override { batch_.emplace_back(key, std::nullopt); }
    void flush() override { table_->apply(std::exchange(batch_, {})); }

  private:
    const std::shared_ptr<SharedTable> table_;
    Batch batch_;
  };

  void apply(const Batch& batch) WEIR_EXCLUDES(lock_) {
    MutexLock held(lock_);
    for (const auto& [key, value] : batch) {
      if (value) rows_.insert_or_assign(key, *value);
      else rows_.erase(key);
    }
  }

  mutable Mutex lock_;
  std::map<K, V> rows_ WEIR_GUARDED_BY(lock_);
};

}  // namespace weir
