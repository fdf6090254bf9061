// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "checkpoint/state/key_hash.h"
#include "execution/bounded/join_table.h"
#include "execution/bounded/sort_buffer.h"
#include "execution/bounded/spill_stream.h"
#include "execution/operators/workspace.h"

namespace weir {

/// Which records come out that have no partner.
struct Unmatched {
  bool build = false;
  bool probe = false;
};

/// A hybrid hash join. The records of the build side are kept in a table, split into partitions by bits of
/// their hashes. When memory is used up the largest partition goes to disk, and so does what comes for it
/// later from either side; such pairs of partitions are joined one after the other when all input is there,
/// each with all of the memory, split anew by other bits. What no bits can split, because it is all of one
/// key, is joined piece of the build side by piece.
///
/// What comes of the probe side before the build side has ended is kept on disk until then.
///
/// `Emit` is called as (const Build*, EventTime, const Probe*, EventTime), with a null for what has no
/// partner.
///
/// Order:   add_build() and add_probe() as input comes, end_build() in between, finish() at the end.
/// Threads: the task's. Errors: throws what the disk said, and TaskCancelled.
template <Record Build, Record Probe, class BuildKey, class ProbeKey, class Emit>
class HashJoin {
  using Key = std::remove_cvref_t<std::invoke_result_t<const BuildKey&, const Build&>>;

public:
  static constexpr std::size_t kLeastPages = 8;

  /// All but the keys outlive this.
  HashJoin(BuildKey build_key, ProbeKey probe_key, Unmatched unmatched, Workspace& space, Emit& emit)
      : HashJoin(std::move(build_key), std::move(probe_key), unmatched, space, emit, 0) {}

  void add_build(const Build& value, EventTime time) {
    const std::uint64_t hash = KeyHash<Key>::hash(std::invoke(build_key_, value));
    keep_build(hash, StoredRecord<Build>::write(value, time, scratch_));
  }
  void add_probe(const Probe& value, EventTime time) {
    const std::uint64_t hash = KeyHash<Key>::hash(std::invoke(probe_key_, value));
    if (has_build_ended_ && !spilled_[partition_of(hash)]) return match(hash, value, time);
    const auto record = StoredRecord<Probe>::write(value, time, scratch_);
    if (has_build_ended_) return write(*spilled_[partition_of(hash)]->probe, hash, record);
    if (!early_) early_.emplace(space_, 1);
    write(*early_, hash, record);
  }

  /// Nothing follows on the build side. Told twice, it is said once.
  void end_build() {
    if (std::exchange(has_build_ended_, true)) return;
    for (auto& each : spilled_)
      if (each) each->end_build(space_);
    table_.index();
    if (!early_) return;
    const SpilledRecords kept = early_->close();
    early_.reset();
    SpillStreamReader reader(space_, kept, 1);
    read_all(reader, [this](std::uint64_t hash, auto record) { take_probe(hash, record); });
  }

  /// Nothing follows at all.
  void finish() {
    end_build();
    if (unmatched_.build) table_.for_each_unmatched([this](auto record) { emit_build(record); });
    table_.clear();
    std::vector<Pair> pairs;
    for (auto& each : spilled_)
      if (each) pairs.push_back(each->close());
    spilled_.clear();
    for (Pair& each : pairs) join_spilled(std::exchange(each, {}));
  }

  // For tests: what became of it.
  [[nodiscard]] std::size_t spilled_count() const { return statistics_->spilled; }
  [[nodiscard]] std::size_t deepest_level() const { return statistics_->deepest; }
  [[nodiscard]] std::size_t piecewise_count() const { return statistics_->piecewise; }

private:
  static constexpr std::size_t kMostLevels = 16;
  static constexpr std::size_t kReservedPages = 2;  // for what is written or read beside the table
  static constexpr std::size_t kHeaderBytes = sizeof(std::uint64_t);  // the hash before a record on disk

  /// Both sides of a partition on disk.
  struct Pair {
    SpilledRecords build;
    SpilledRecords probe;
  };
  struct Spilled {
    explicit Spilled(Workspace& space) : build(std::in_place, space, 1) {}
    void end_build(Workspace& space) {
      records.build = build->close();
      build.reset();
      probe.emplace(space, 1);
    }
    [[nodiscard]] Pair close() {
      records.probe = probe->close();
      return std::move(records);
    }
    std::optional<SpillStreamWriter> build;
    std::optional<SpillStreamWriter> probe;
    Pair records;
  };
  struct Statistics {
    std::size_t spilled = 0;
    std::size_t deepest = 0;
    std::size_t piecewise = 0;
  };

  HashJoin(BuildKey build_key, ProbeKey probe_key, Unmatched unmatched, Workspace& space, Emit& emit,
           std::size_t level, std::shared_ptr<Statistics> statistics = std::make_shared<Statistics>())
      : build_key_(std::move(build_key)),
        probe_key_(std::move(probe_key)),
        unmatched_(unmatched),
        space_(space),
        emit_(emit),
        level_(level),
        partition_count_(std::clamp<std::size_t>(std::bit_floor(space.pages->free_pages() / 4), 2,
                                                 JoinTable::kMostPartitions)),
        statistics_(std::move(statistics)),
        table_(*space.pages, partition_count_),
        spilled_(partition_count_) {
    statistics_->deepest = std::max(statistics_->deepest, level);
  }

  /// By other bits on each level.
  [[nodiscard]] std::size_t partition_of(std::uint64_t hash) const {
    const std::uint64_t mixed = detail::fold_product(hash ^ (level_ + 1) * detail::kHashSeeds[0] ^
                                                         detail::kHashSeeds[2],
                                                     detail::kHashSeeds[0]);
    return mixed & (partition_count_ - 1);
  }

  void keep_build(std::uint64_t hash, std::span<const std::byte> record) {
    ++build_count_;
    const std::size_t partition = partition_of(hash);
    while (!spilled_[partition]) {
      if (table_.try_add(partition, hash, record, kReservedPages)) return;
      const std::size_t largest = table_.largest();
      spill(largest == partition_count_ ? partition : largest);
    }
    write(*spilled_[partition]->build, hash, record);
  }
  void spill(std::size_t partition) {
    ++statistics_->spilled;
    spilled_[partition] = std::make_unique<Spilled>(space_);
    table_.take_out(partition, [&](std::uint64_t hash, auto record) {
      space_.step();
      write(*spilled_[partition]->build, hash, record);
    });
  }
  void take_probe(std::uint64_t hash, std::span<const std::byte> record) {
    space_.step();
    if (const auto& to = spilled_[partition_of(hash)]) return write(*to->probe, hash, record);
    StoredRecord<Probe>::read(probe_, probe_time_, record);
    match(hash, probe_, probe_time_);
  }
  void match(std::uint64_t hash, const Probe& probe, EventTime time) {
    if (!match_in(table_, hash, probe, time) && unmatched_.probe)
      emit_(static_cast<const Build*>(nullptr), EventTime::none(), &probe, time);
  }
  /// Whether it has a partner there.
  [[nodiscard]] bool match_in(JoinTable& table, std::uint64_t hash, const Probe& probe, EventTime time) {
    bool has_partner = false;
    const auto& key = std::invoke(probe_key_, probe);
    table.find(hash, [&](std::byte& matched, std::span<const std::byte> record) {
      StoredRecord<Build>::read(build_, build_time_, record);
      if (!(std::invoke(build_key_, build_) == key)) return;
      matched = std::byte{1};
      has_partner = true;
      space_.step();
      emit_(static_cast<const Build*>(&build_), build_time_, &probe, time);
    });
    return has_partner;
  }
  void emit_build(std::span<const std::byte> record) {
    space_.step();
    StoredRecord<Build>::read(build_, build_time_, record);
    emit_(static_cast<const Build*>(&build_), build_time_, static_cast<const Probe*>(nullptr),
          EventTime::none());
  }
  void emit_probe(std::span<const std::byte> record) {
    StoredRecord<Probe>::read(probe_, probe_time_, record);
    emit_(static_cast<const Build*>(nullptr), EventTime::none(), static_cast<const Probe*>(&probe_),
          probe_time_);
  }

  void join_spilled(Pair records) {
    if (records.build.count == 0 && !unmatched_.probe) return;
    if (records.probe.count == 0 && !unmatched_.build) return;
    const bool is_split = level_ == 0 || records.build.count < build_count_;
    if (!is_split || level_ == kMostLevels) return join_piecewise(std::move(records));
    HashJoin next(build_key_, probe_key_, unmatched_, space_, emit_, level_ + 1, statistics_);
    {
      SpillStreamReader reader(space_, std::exchange(records.build, {}), 1);
      read_all(reader, [&](std::uint64_t hash, auto record) {
        space_.step();
        next.keep_build(hash, record);
      });
    }
    next.end_build();
    {
      SpillStreamReader reader(space_, std::exchange(records.probe, {}), 1);
      read_all(reader, [&](std::uint64_t hash, auto record) { next.take_probe(hash, record); });
    }
    next.finish();
  }

  /// As much of the build side as fits into memory at a time, and all of the probe side beside each. If those
  /// of the probe side that have no partner are asked for, it is written anew each time, each record behind
  /// a byte that says whether it had one.
  void join_piecewise(Pair records) {
    ++statistics_->piecewise;
    JoinTable piece(*space_.pages, 1);
    SpillStreamReader build(space_, std::exchange(records.build, {}), 1);
    bool has_more = true;
    for (bool has_flags = false; has_more; has_flags = unmatched_.probe) {
      has_more = false;
      read_all(build, [&](std::uint64_t hash, auto record) {
        if (piece.try_add(0, hash, record, kReservedPages)) return true;
        has_more = true;
        carried_.assign(record.begin(), record.end());
        carried_hash_ = hash;
        return false;
      });
      records.probe = probe_piece(piece, std::exchange(records.probe, {}), has_flags);
      piece.clear();
      if (has_more && !piece.try_add(0, carried_hash_, carried_, kReservedPages))
        throw std::runtime_error(
            "a record of " + std::to_string(carried_.size()) +
            " bytes does not fit into its managed memory; raise taskmanager.memory.size");
    }
    if (!unmatched_.probe) return;
    SpillStreamReader flagged(space_, std::move(records.probe), 1);
    read_all(flagged, [this](std::uint64_t, auto record) {
      space_.step();
      if (record.front() == std::byte{0}) emit_probe(record.subspan(1));
    });
  }
  [[nodiscard]] SpilledRecords probe_piece(JoinTable& piece, SpilledRecords probe, bool has_flags) {
    piece.index();
    std::optional<SpillStreamWriter> flagged;
    if (unmatched_.probe) flagged.emplace(space_, 1);
    SpillStreamReader reader(space_, probe, 1);
    read_all(reader, [&](std::uint64_t hash, auto record) {
      space_.step();
      std::byte header[kHeaderBytes + 1]{};
      store_raw(header, hash);
      if (has_flags) {
        header[kHeaderBytes] = record.front();
        record = record.subspan(1);
      }
      StoredRecord<Probe>::read(probe_, probe_time_, record);
      if (match_in(piece, hash, probe_, probe_time_)) header[kHeaderBytes] = std::byte{1};
      if (flagged) flagged->append(header, record);
    });
    if (unmatched_.build) piece.for_each_unmatched([this](auto record) { emit_build(record); });
    return flagged ? flagged->close() : probe;
  }

  static void write(SpillStreamWriter& to, std::uint64_t hash, std::span<const std::byte> record) {
    std::byte header[kHeaderBytes];
    store_raw(header, hash);
    to.append(header, record);
  }
  /// `call(hash, record)` with what is left to read, until it returns false, if it returns anything.
  template <class Call>
  static void read_all(SpillStreamReader& from, Call&& call) {
    for (std::span<const std::byte> each; from.next(each);) {
      const auto hash = load_raw<std::uint64_t>(each.data());
      const auto record = each.subspan(kHeaderBytes);
      if constexpr (std::is_void_v<decltype(call(hash, record))>) call(hash, record);
      else if (!call(hash, record)) return;
    }
  }

  // Configuration.
  const BuildKey build_key_;
  const ProbeKey probe_key_;
  const Unmatched unmatched_;
  Workspace& space_;
  Emit& emit_;
  const std::size_t level_;  // how often what comes was split before
  const std::size_t partition_count_;
  const std::shared_ptr<Statistics> statistics_;
  // What came.
  JoinTable table_;
  std::vector<std::unique_ptr<Spilled>> spilled_;  // by partition; null: it is in the table
  std::optional<SpillStreamWriter> early_;         // of the probe side, before the build side has ended
  std::uint64_t build_count_ = 0;
  bool has_build_ended_ = false;
  // Reused, so that strings keep their memory.
  std::string scratch_;
  Build build_{};
  EventTime build_time_;
  Probe probe_{};
  EventTime probe_time_;
  std::vector<std::byte> carried_;  // the first record of the next piece
  std::uint64_t carried_hash_ = 0;
};

}  // namespace weir
