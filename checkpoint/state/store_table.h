// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "checkpoint/state/block_builder.h"
#include "checkpoint/state/byte_store.h"
#include "checkpoint/state/keyed_cell.h"
#include "checkpoint/state/state_table.h"

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

  const V* get(const KeyView& key) override {
    if (!load(key)) return nullptr;
    if (settings_.ttl.is_limited() && settings_.ttl.renewal == StateTtl::Renewal::OnReadAndWrite) store();
    return &value_;
  }
  V& edit(const KeyView& key, bool& is_new) override {
    is_new = !load(key);
    if (is_new) value_ = V{};
    return value_;
  }
  void commit(const KeyView&) override { store(); }
  void remove(const KeyView& key) override {
    set_row(key);
    rows_.remove(row_);
  }

  [[nodiscard]] std::size_t entry_count() const override { return rows_.row_count(); }
  [[nodiscard]] StateInfo describe() const override {
    return {.kind = settings_.kind,
            .expires = settings_.ttl.is_limited(),
            .key = settings_.key_type.schema,
            .value = schema_of<V>()};
  }

  void begin_snapshot(SnapshotSink& sink, std::uint32_t state) override {
    WEIR_CHECK(!cursor_, "a table has one snapshot at a time");
    sink_ = &sink;
    state_ = state;
    cursor_ = rows_.rows();
  }
  [[nodiscard]] bool is_snapshot_running() const override { return cursor_ != nullptr; }
  std::size_t snapshot_some(std::size_t budget_bytes) override {
    std::size_t used = 0;
    ByteStore::Bytes key;
    ByteStore::Bytes value;
    while (cursor_ && used < budget_bytes && sink_->has_room()) {
      if (cursor_->next(key, value)) {
        used += key.size() + value.size();
        save(key, value);
      } else {
        flush();
        cursor_.reset();
      }
    }
    return used;
  }
  void abort_snapshot() override {
    cursor_.reset();
    block_ = BlockBuilder();
  }

  void restore(StateFile& file, std::uint32_t state) override {
    const auto read = value_reader<V>(file.states()[state], describe());
    std::vector<std::byte> buffer;
    for (const StateFile::Block& block : file.blocks()) {
      if (block.info.state != state || !settings_.range.contains(block.info.group)) continue;
      const auto payload = file.read(block, buffer);
      if (!payload) throw std::runtime_error(payload.error().what);
      if (take(block.info, *payload, read)) continue;
      throw std::runtime_error("the state file " + file.name() + " has what is no entry of state \"" +
                               file.states()[state].name + "\" in key group " +
                               std::to_string(block.info.group));
    }
  }

private:
  static constexpr std::size_t kGroupBytes = 2;
  static constexpr std::size_t kTimeBytes = sizeof(std::int64_t);

  void set_row(const KeyView& key) {
    const KeyGroup group = key_group_of(key.hash, settings_.max_parallelism);
    if (!settings_.range.contains(group))
      throw std::logic_error("a key is of key group " + std::to_string(group) +
                             ", which this subtask has not");
    row_.resize(kGroupBytes);
    row_[0] = static_cast<std::byte>(group >> 8);
    row_[1] = static_cast<std::byte>(group);
    row_.insert(row_.end(), key.bytes.begin(), key.bytes.end());
  }

  [[nodiscard]] std::size_t time_bytes() const { return settings_.ttl.is_limited() ? kTimeBytes : 0; }
  [[nodiscard]] std::int64_t now_ms() const { return settings_.now->time_since_epoch().count(); }
  [[nodiscard]] bool is_expired(ByteStore::Bytes value) const {
    return settings_.ttl.is_limited() && value.size() >= kTimeBytes &&
           now_ms() - load_raw<std::int64_t>(value.data()) >= settings_.ttl.lifetime.count();
  }

  /// Whether the key has a value, which is in value_ then.
  [[nodiscard]] bool load(const KeyView& key) {
    set_row(key);
    if (!rows_.get(row_, bytes_) || is_expired(bytes_)) return false;
    value_ = V{};
    const std::byte* const end = bytes_.data() + bytes_.size();
    if (bytes_.size() < time_bytes() ||
        Serializer<V>::read(value_, bytes_.data() + time_bytes(), end) != end) {
      throw std::runtime_error("the state store has bytes that are no " + schema_of<V>());
    }
    return true;
  }
  /// value_ as the value of row_.
  void store() { put(value_, settings_.ttl.is_limited() ? now_ms() : 0); }
  void put(const V& value, std::int64_t last_use_ms) {
    bytes_.resize(time_bytes() + Serializer<V>::bound(value) + kSegmentSlackBytes);
    if (time_bytes() != 0) store_raw(bytes_.data(), last_use_ms);
    const std::byte* const end = Serializer<V>::write(value, bytes_.data() + time_bytes());
    rows_.put(row_, {bytes_.data(), end});
  }

  void save(ByteStore::Bytes key, ByteStore::Bytes value) {
    if (is_expired(value)) return;
    const auto group = static_cast<KeyGroup>(key[0]) << 8 | static_cast<KeyGroup>(key[1]);
    if (group != group_ || block_.is_full()) flush();
    group_ = group;
    const auto key_bytes = key.subspan(kGroupBytes);
    std::byte* const at = block_.room(key_bytes.size() + value.size(), *sink_);
    std::memcpy(at, key_bytes.data(), key_bytes.size());
    std::memcpy(at + key_bytes.size(), value.data(), value.size());
    block_.added(at + key_bytes.size() + value.size());
  }
  void flush() {
    if (!block_.is_empty()) sink_->add(block_.finish(state_, group_));
  }

  /// Whether the payload was just the entries that it should be, all of this key group.
  [[nodiscard]] bool take(const StateBlockInfo& block, ByteStore::Bytes payload,
                          const SchemaReader<V>& read) {
    const std::byte* at = payload.data();
    const std::byte* const end = at + payload.size();
    for (std::uint32_t i = 0; i < block.entry_count; ++i) {
      KeyView key;
      const std::byte* value = settings_.key_type.read(key.hash, at, end);
      if (value == nullptr || static_cast<std::size_t>(end - value) < time_bytes()) return false;
      if (key_group_of(key.hash, settings_.max_parallelism) != block.group) return false;
      key.bytes = {at, value};
      const std::int64_t last_use_ms = time_bytes() == 0 ? 0 : load_raw<std::int64_t>(value);
      V restored{};
      at = read.read(restored, value + time_bytes(), end);
      if (at == nullptr) return false;
      set_row(key);
      put(restored, last_use_ms);
    }
    return at == end;
  }

  ByteStore::Column& rows_;  // outlives this
  const StoreTableSettings settings_;
  // Of the last key that was looked up.
  std::vector<std::byte> row_;
  std::vector<std::byte> bytes_;
  V value_{};
  // Of the running snapshot.
  SnapshotSink* sink_ = nullptr;
  std::uint32_t state_ = 0;
  std::unique_ptr<ByteStore::Cursor> cursor_;
  KeyGroup group_ = 0;
  BlockBuilder block_;
};

}  // namespace weir
