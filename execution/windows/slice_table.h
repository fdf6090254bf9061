// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "checkpoint/state/heap_table.h"
#include "checkpoint/state/key_hash.h"
#include "memory/serializers_std.h"

namespace weir {

/// What one key has in one slice of time.
template <class K, class Accumulator>
struct SliceEntry {
  K key;
  Accumulator held;
};

/// `Given` is the key as records have it, which may be a std::string_view where K is a std::string.
template <class K, class Given, class Accumulator>
struct SliceTraits {
  using Key = Given;
  using Entry = SliceEntry<K, Accumulator>;

  std::int64_t start = 0;

  [[nodiscard]] std::uint64_t hash(const Entry& entry) const { return KeyHash<K>::hash(entry.key); }
  [[nodiscard]] bool equal(const Entry& entry, const Given& key) const { return entry.key == key; }

  [[nodiscard]] StateInfo describe() const {
    return {.kind = StateKind::Value,
            .key = schema_of<K>(),
            .name_space = schema_of<std::int64_t>(),
            .value = schema_of<Accumulator>()};
  }
  [[nodiscard]] std::size_t bound(const Entry& entry) const {
    return Serializer<K>::bound(entry.key) + sizeof start + Serializer<Accumulator>::bound(entry.held);
  }
  std::byte* write(const Entry& entry, std::byte* at) const {
    at = Serializer<std::int64_t>::write(start, Serializer<K>::write(entry.key, at));
    return Serializer<Accumulator>::write(entry.held, at);
  }
  /// Says at `start` of which slice the entry is.
  [[nodiscard]] auto reader(const StateInfo& from, std::int64_t* slice = nullptr) const {
    return [slice, values = value_reader<Accumulator>(from, describe())](
               const std::byte* at, const std::byte* end, auto&& insert) {
      Entry entry{};
      std::int64_t start = 0;
      at = Serializer<K>::read(entry.key, at, end);
      if (at != nullptr) at = Serializer<std::int64_t>::read(start, at, end);
      if (at != nullptr) at = values.read(entry.held, at, end);
      if (at == nullptr) return at;
      if (slice != nullptr) *slice = start;
      const std::uint64_t hash = KeyHash<K>::hash(entry.key);
      insert(hash, std::move(entry));
      return at;
    };
  }
};

/// The windows or slices of time that are open, a hash table each: a record finds its own by its time, and
/// when one is over its table is walked once and dropped, with no timer and no removal a key.
///
/// Threads: the task's. Unit: ms.
template <class K, class Given, class Accumulator>
class SliceTable final : public StateTable {
public:
  using Traits = SliceTraits<K, Given, Accumulator>;
  using Entry = SliceEntry<K, Accumulator>;
  using Slice = HeapTable<Entry, Traits>;

  SliceTable(KeyGroupRange range, std::uint32_t max_parallelism, Traits)
      : range_(range), max_parallelism_(max_parallelism) {}

  /// Made if there is none. Lasts until it is dropped.
  [[nodiscard]] Slice& slice(std::int64_t start) {
    auto& slice = slices_[start];
    if (!slice) slice = std::make_unique<Slice>(range_, max_parallelism_, Traits{start});
    return *slice;
  }
  [[nodiscard]] bool is_empty() const { return slices_.empty(); }
  /// Of a table that is not empty.
  [[nodiscard]] std::int64_t first_start() const { return slices_.begin()->first; }
  [[nodiscard]] Slice& first() { return *slices_.begin()->second; }
  void drop_first() {
    auto slice = std::move(slices_.begin()->second);
    slices_.erase(slices_.begin());
    if (!slice->is_snapshot_running()) return;
    slice->clear();  // what the snapshot still needs of it was saved, but perhaps not handed on
    leaving_.push_back(std::move(slice));
  }

  [[nodiscard]] std::size_t entry_count() const override {
    std::size_t count = 0;
    for (const auto& [start, slice] : slices_) count += slice->entry_count();
    return count;
  }
  [[nodiscard]] StateInfo describe() const override { return Traits{}.describe(); }

  [[nodiscard]] std::shared_ptr<TableWalk> begin_snapshot(SnapshotSink& sink, std::uint32_t state) override {
    auto walk = std::make_shared<Walk>();
    for (const auto& [start, slice] : slices_)
      if (auto of_slice = slice->begin_snapshot(sink, state)) walk->slices.push_back(std::move(of_slice));
    if (walk->slices.empty()) return nullptr;
    return walk;
  }
  [[nodiscard]] bool is_snapshot_running() const override {
    return !leaving_.empty() || std::ranges::any_of(slices_, [](const auto& each) {
      return each.second->is_snapshot_running();
    });
  }
  void end_snapshot() override {
    for (const auto& slice : leaving_) slice->end_snapshot();
    leaving_.clear();
    for (const auto& [start, slice] : slices_) slice->end_snapshot();
  }
  void abort_snapshot() override {
    leaving_.clear();
    for (const auto& [start, slice] : slices_) slice->abort_snapshot();
  }

  void begin_restore(const StateInfo& from, std::span<const std::uint64_t>) override {
    read_.emplace(Traits{}.reader(from, &restored_start_));
  }
  [[nodiscard]] bool restore(const StateBlockInfo& block, std::span<const std::byte> payload) override {
    const std::byte* at = payload.data();
    const std::byte* const end = at + payload.size();
    bool is_right = true;
    for (std::uint32_t i = 0; i < block.entry_count && at != nullptr; ++i) {
      at = (*read_)(at, end, [&](std::uint64_t hash, Entry entry) {
        is_right = is_right && key_group_of(hash, max_parallelism_) == block.group;
        if (!is_right) return;
        Slice& target = slice(restored_start_);
        target.insert(target.locate(hash), std::move(entry));
      });
    }
    return is_right && at == end;
  }

private:
  /// Over the slices that there were, one behind the other.
  struct Walk final : TableWalk {
    bool next(StateBlock& block) override {
      for (; !slices.empty(); slices.pop_back())
        if (slices.back()->next(block)) return true;
      return false;
    }
    std::vector<std::shared_ptr<TableWalk>> slices;
  };
  using Reader = decltype(std::declval<const Traits&>().reader(StateInfo{}, nullptr));

  const KeyGroupRange range_;
  const std::uint32_t max_parallelism_;
  std::map<std::int64_t, std::unique_ptr<Slice>> slices_;
  std::vector<std::unique_ptr<Slice>> leaving_;  // dropped while a snapshot still had to hand them on
  // Of what is being restored.
  std::optional<Reader> read_;
  std::int64_t restored_start_ = 0;  // of the entry that was read last
};

}  // namespace weir
