// SPDX-License-Identifier: Apache-2.0
#include "execution/bounded/join_table.h"

#include <cstring>

namespace weir {

bool JoinTable::try_add(std::size_t partition, std::uint64_t hash, std::span<const std::byte> record,
                        std::size_t reserved_pages) {
  Partition& to = partitions_[partition];
  const std::uint64_t all = kRecordAt + record.size();
  const std::size_t needed = to.bytes.pages_lacking(all) + bucket_pages(count_ + 1) + reserved_pages;
  if (needed > budget_.free_pages() || !to.bytes.make_room(all, budget_)) return false;
  std::byte header[kRecordAt]{};
  store_raw(header + kHashAt, hash);
  store_raw(header + kLengthAt, static_cast<std::uint32_t>(record.size()));
  to.bytes.append(header, sizeof header);
  to.bytes.append(record.data(), record.size());
  ++to.count;
  ++count_;
  return true;
}

std::size_t JoinTable::largest() const {
  const auto found = std::ranges::max_element(
      partitions_, {}, [](const Partition& each) { return each.bytes.page_count(); });
  return found->bytes.page_count() == 0 ? partitions_.size()
                                        : static_cast<std::size_t>(found - partitions_.begin());
}

void JoinTable::index() {
  if (count_ == 0) return;
  const std::uint64_t bucket_count = std::bit_floor(count_);
  const std::uint64_t bytes = bucket_count * sizeof(std::uint64_t);
  WEIR_CHECK(buckets_.make_room(bytes, budget_), "adding left room for the buckets");
  for (std::uint64_t at = 0; at < bytes; at += buckets_.used_page_bytes())
    std::memset(buckets_.at(at), 0, std::min<std::uint64_t>(buckets_.used_page_bytes(), bytes - at));
  bucket_mask_ = bucket_count - 1;
  for (std::size_t i = 0; i < partitions_.size(); ++i) {
    PagedBytes& entries = partitions_[i].bytes;
    for_each(partitions_[i], [&](std::uint64_t at, std::uint64_t hash, std::span<const std::byte>) {
      std::byte* const bucket = buckets_.at(bucket_at(hash));
      entries.overwrite(at, load_raw<std::uint64_t>(bucket));
      store_raw(bucket, (at << kPartitionBits | i) + 1);
    });
  }
}

void JoinTable::clear() {
  for (Partition& each : partitions_) {
    each.bytes.clear(budget_);
    each.count = 0;
  }
  buckets_.clear(budget_);
  bucket_mask_ = kNoBuckets;
  count_ = 0;
}

}  // namespace weir
