// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "checkpoint/state/byte_store.h"
#include "checkpoint/state/keyed_cell.h"
#include "checkpoint/state/state_table.h"
#include "checkpoint/state/store_walk.h"

namespace weir {

/// What a StoreTable needs beside its store.
struct StoreTableSettings {
  KeyGroupRange range;
  std::uint32_t max_parallelism = 1;
  StateKind kind = StateKind::Value;
  KeyType key_type;
  StateTtl ttl;
  const WallTime* now = nullptr;  // outlives the table
};

/// One state of an operator in a ByteStore. A row's key is the key group, two bytes, the high one first, and
/// the key; its value is when it was last used, if it expires, and the value. So rows stand by key group, and
/// a snapshot is one walk over them, in the format of every other.
///
/// Threads: the task's.
template <class V>
class StoreTable final : public StateTable, public CellStore<V> {
public:
  StoreTable(ByteStore::Column& rows, StoreTableSettings settings)
      : rows_(rows), settings_(std::move(settings)) {}
  ~StoreTable() override { abort_snapshot(); }

  const V* get(const KeyView& key) override {
    if (!load(key)) return nullptr;
    if (expires() && settings_.ttl.renewal == StateTtl::Renewal::OnReadAndWrite) put(value_, now_ms());
    return &value_;
  }
  V& edit(const KeyView& key, bool& is_new) override {
    is_new = !load(key);
    if (is_new) value_ = V{};
    return value_;
  }
  void commit(const KeyView&) override { put(value_, now_ms()); }
  void set(const KeyView& key, const V& value) {
    set_row(key);
    put(value, now_ms());
  }
  void remove(const KeyView& key) override {
    set_row(key);
    rows_.remove(row_);
  }

  /// Calls visit(value) for each, which may change the state.
  template <class Visit>
  void for_each(Visit&& visit) {
    const auto rows = rows_.rows();
    ByteStore::Bytes key;
    ByteStore::Bytes bytes;
    while (rows->next(key, bytes)) {
      V value{};
      read(value, bytes);
      visit(std::as_const(value));
    }
  }
  /// Removes all entries.
  void clear() {
    const auto rows = rows_.rows();
    ByteStore::Bytes key;
    ByteStore::Bytes bytes;
    while (rows->next(key, bytes)) rows_.remove(key);
  }

  [[nodiscard]] std::size_t entry_count() const override { return rows_.row_count(); }
  [[nodiscard]] StateInfo describe() const override {
    return {.kind = settings_.kind,
            .expires = expires(),
            .key = settings_.key_type.schema,
            .value = schema_of<V>()};
  }
  [[nodiscard]] bool is_stored() const override { return true; }

  [[nodiscard]] std::shared_ptr<TableWalk> begin_snapshot(SnapshotSink&, std::uint32_t state) override {
    WEIR_CHECK(!walk_, "a table has one snapshot at a time");
    std::optional<std::int64_t> expired_by_ms;
    if (expires()) expired_by_ms = now_ms() - settings_.ttl.lifetime.count();
    walk_ = std::make_shared<StoreWalk>(rows_.rows(), state, expired_by_ms);
    return walk_;
  }
  [[nodiscard]] bool is_snapshot_running() const override { return walk_ != nullptr; }
  void end_snapshot() override { walk_.reset(); }
  void abort_snapshot() override {
    if (const auto walk = std::exchange(walk_, nullptr)) walk->abort();
  }

  void begin_restore(const StateInfo& from, std::span<const std::uint64_t>) override {
    reader_.emplace(value_reader<V>(from, describe()));
  }
  [[nodiscard]] bool restore(const StateBlockInfo& block, ByteStore::Bytes payload) override {
    const std::byte* at = payload.data();
    const std::byte* const end = at + payload.size();
    for (std::uint32_t i = 0; i < block.entry_count && at != nullptr; ++i)
      at = restore_entry(block.group, at, end);
    return at == end;
  }

private:
  static constexpr std::size_t kTimeBytes = StoreWalk::kTimeBytes;

  void set_row(const KeyView& key) {
    const KeyGroup group = key_group_of(key.hash, settings_.max_parallelism);
    if (!settings_.range.contains(group))
      throw std::logic_error("a key is of key group " + std::to_string(group) +
                             ", which this subtask has not: the key function must give the same key for the "
                             "same record, always");
    row_.resize(StoreWalk::kGroupBytes);
    row_[0] = static_cast<std::byte>(group >> 8);
    row_[1] = static_cast<std::byte>(group);
    row_.insert(row_.end(), key.bytes.begin(), key.bytes.end());
  }

  [[nodiscard]] bool expires() const { return settings_.ttl.is_limited(); }
  [[nodiscard]] std::size_t time_bytes() const { return expires() ? kTimeBytes : 0; }
  [[nodiscard]] std::int64_t now_ms() const {
    return expires() ? settings_.now->time_since_epoch().count() : 0;
  }
  [[nodiscard]] bool is_expired(ByteStore::Bytes row) const {
    return expires() && row.size() >= kTimeBytes &&
           now_ms() - load_raw<std::int64_t>(row.data()) >= settings_.ttl.lifetime.count();
  }

  /// Whether the key has a value, which is in value_ then. A value that borrows is a view of bytes_.
  [[nodiscard]] bool load(const KeyView& key) {
    set_row(key);
    if (!rows_.get(row_, bytes_) || is_expired(bytes_)) return false;
    value_ = V{};
    read(value_, bytes_);
    return true;
  }
  void read(V& value, ByteStore::Bytes row) const {
    const std::byte* const end = row.data() + row.size();
    if (row.size() < time_bytes() || Serializer<V>::read(value, row.data() + time_bytes(), end) != end)
      throw std::runtime_error("the state store has bytes that are no " + schema_of<V>());
  }
  /// As the value of row_.
  void put(const V& value, std::int64_t last_use_ms) {
    out_.resize(time_bytes() + Serializer<V>::bound(value) + kSegmentSlackBytes);
    if (time_bytes() != 0) store_raw(out_.data(), last_use_ms);
    const std::byte* const end = Serializer<V>::write(value, out_.data() + time_bytes());
    rows_.put(row_, {out_.data(), end});
  }

  /// The byte behind the entry, or nullptr: it is none of this key group.
  [[nodiscard]] const std::byte* restore_entry(KeyGroup group, const std::byte* at, const std::byte* end) {
    KeyView key;
    const std::byte* value = settings_.key_type.read(key.hash, at, end);
    if (value == nullptr || static_cast<std::size_t>(end - value) < time_bytes()) return nullptr;
    if (key_group_of(key.hash, settings_.max_parallelism) != group) return nullptr;
    key.bytes = {at, value};
    const std::int64_t last_use_ms = time_bytes() == 0 ? 0 : load_raw<std::int64_t>(value);
    V restored{};
    const std::byte* const behind = reader_->read(restored, value + time_bytes(), end);
    if (behind == nullptr) return nullptr;
    set_row(key);
    put(restored, last_use_ms);
    return behind;
  }

  ByteStore::Column& rows_;  // outlives this
  const StoreTableSettings settings_;
  // Of the last key that was looked up.
  std::vector<std::byte> row_;
  std::vector<std::byte> bytes_;
  V value_{};
  std::vector<std::byte> out_;  // what is being written
  std::shared_ptr<StoreWalk> walk_;  // of the running snapshot
  std::optional<SchemaReader<V>> reader_;  // of what is being restored
};

}  // namespace weir
