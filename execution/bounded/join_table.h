// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/state/key_hash.h"
#include "execution/bounded/paged_bytes.h"
#include "memory/page_budget.h"

namespace weir {

/// The records of one side of a join in pages, in partitions of which each may leave on its own, and found by
/// their hash. An entry lies there as
///
///     [next, u64] [hash, u64] [length, u32] [matched, u8] record
///
/// `next` names the entry behind it in its bucket.
///
/// Unit:    a place is an entry's partition and offset, plus one; 0 is none.
/// Order:   add(), then index(), then find(); clear() begins anew.
/// Threads: the task's.
class JoinTable {
public:
  static constexpr unsigned kPartitionBits = 6;  // of a place
  static constexpr std::size_t kMostPartitions = std::size_t{1} << kPartitionBits;

  JoinTable(PageBudget& budget, std::size_t partition_count)
      : budget_(budget), partitions_(partition_count), buckets_(budget.page_bytes()) {
    for (Partition& each : partitions_) each.bytes = PagedBytes(budget.page_bytes());
  }
  ~JoinTable() { clear(); }
  JoinTable(const JoinTable&) = delete;
  JoinTable& operator=(const JoinTable&) = delete;

  /// False: with it fewer than `reserved_pages` would be left beside what index() takes.
  [[nodiscard]] bool try_add(std::size_t partition, std::uint64_t hash, std::span<const std::byte> record,
                             std::size_t reserved_pages);
  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] std::uint64_t count_of(std::size_t partition) const { return partitions_[partition].count; }
  /// Of the partition with the most pages; the number of partitions if none has any.
  [[nodiscard]] std::size_t largest() const;
  /// Takes a partition out: `call(hash, record)` with each of its records.
  template <class Call>
  void take_out(std::size_t partition, Call&& call) {
    Partition& from = partitions_[partition];
    for_each(from, [&](std::uint64_t at, std::uint64_t hash, std::span<const std::byte> record) {
      (void)at;
      call(hash, record);
    });
    count_ -= std::exchange(from.count, 0);
    from.bytes.clear(budget_);
  }

  /// No more is added: links all entries by their hashes.
  void index();
  /// `call(matched flag, record)` with each record of that hash.
  template <class Call>
  void find(std::uint64_t hash, Call&& call) {
    if (bucket_mask_ == kNoBuckets) return;
    for (std::uint64_t place = bucket_of(hash); place != 0;) {
      const PagedBytes& bytes = partitions_[(place - 1) & (kMostPartitions - 1)].bytes;
      const std::uint64_t at = (place - 1) >> kPartitionBits;
      place = bytes.load<std::uint64_t>(at);
      if (bytes.load<std::uint64_t>(at + kHashAt) != hash) continue;
      const auto length = bytes.load<std::uint32_t>(at + kLengthAt);
      call(*bytes.at(at + kMatchedAt), std::span(bytes.view(at + kRecordAt, length, scratch_), length));
    }
  }
  /// `call(record)` with each of which the flag was not set.
  template <class Call>
  void for_each_unmatched(Call&& call) {
    for (Partition& from : partitions_) {
      for_each(from, [&](std::uint64_t at, std::uint64_t, std::span<const std::byte> record) {
        if (*from.bytes.at(at + kMatchedAt) == std::byte{0}) call(record);
      });
    }
  }
  void clear();

private:
  static constexpr std::uint64_t kHashAt = 8;
  static constexpr std::uint64_t kLengthAt = 16;
  static constexpr std::uint64_t kMatchedAt = 20;
  static constexpr std::uint64_t kRecordAt = 21;
  static constexpr std::uint64_t kNoBuckets = ~std::uint64_t{0};

  struct Partition {
    PagedBytes bytes{kMinSegmentBytes};
    std::uint64_t count = 0;
  };

  template <class Call>  // (offset, hash, record)
  void for_each(Partition& from, Call&& call) {
    for (std::uint64_t at = 0; at < from.bytes.size();) {
      const auto hash = from.bytes.load<std::uint64_t>(at + kHashAt);
      const auto length = from.bytes.load<std::uint32_t>(at + kLengthAt);
      call(at, hash, std::span(from.bytes.view(at + kRecordAt, length, scratch_), length));
      at += kRecordAt + length;
    }
  }
  [[nodiscard]] std::size_t bucket_pages(std::uint64_t count) const {
    const std::uint64_t bytes = std::bit_floor(std::max<std::uint64_t>(count, 1)) * sizeof(std::uint64_t);
    return buckets_.pages_lacking(bytes);
  }
  /// Its bits are not those that choose a partition.
  [[nodiscard]] std::uint64_t bucket_at(std::uint64_t hash) const {
    return (detail::fold_product(hash ^ detail::kHashSeeds[1], detail::kHashSeeds[2]) & bucket_mask_) *
           sizeof(std::uint64_t);
  }
  [[nodiscard]] std::uint64_t bucket_of(std::uint64_t hash) const {
    return load_raw<std::uint64_t>(buckets_.at(bucket_at(hash)));
  }

  PageBudget& budget_;  // outlives this
  std::vector<Partition> partitions_;
  std::uint64_t count_ = 0;
  PagedBytes buckets_;  // the first place of each
  std::uint64_t bucket_mask_ = kNoBuckets;
  std::string scratch_;
};

}  // namespace weir
