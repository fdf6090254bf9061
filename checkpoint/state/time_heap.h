// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <queue>
#include <utility>
#include <vector>

namespace weir {

/// Numbers by time, for whoever takes them in the order of time: a radix heap. What was taken last never lies
/// far behind what comes in, and so an entry moves a few times, each time to the end of an array; a heap of a
/// million misses the cache at each level.
///
/// Unit:    time in any unit, signed.
/// Threads: one.
class TimeHeap {
public:
  struct Entry {
    std::int64_t time = 0;
    std::uint64_t what = 0;
    auto operator<=>(const Entry&) const = default;
  };

  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  void push(std::int64_t time, std::uint64_t what) {
    ++count_;
    if (time < reached_) [[unlikely]] return late_.push({time, what});
    Bucket& bucket = buckets_[bucket_of(time)];
    bucket.earliest = std::min(bucket.earliest, time);
    bucket.entries.push_back({time, what});
  }

  /// The time of the earliest entry. kNever also if there is none.
  [[nodiscard]] std::int64_t earliest() const {
    if (!late_.empty()) return late_.top().time;
    const Bucket* const first = first_bucket();
    return first == nullptr ? kNever : first->earliest;
  }

  /// Moves all entries of the earliest time to `due`, which is empty. False: there is none until then,
  /// `until` included. Calls announce(what) for entries whose turn comes soon.
  template <class Announce>
  bool take_earliest(std::int64_t until, std::vector<Entry>& due, Announce&& announce) {
    if (is_empty() || earliest() > until) return false;
    if (!late_.empty()) {
      for (const std::int64_t time = late_.top().time; !late_.empty() && late_.top().time == time; --count_) {
        due.push_back(late_.top());
        late_.pop();
      }
      return true;
    }
    Bucket& first = *first_bucket();
    if (&first != &buckets_[0]) spread(first, announce);
    std::swap(due, buckets_[0].entries);  // all of one time, which is reached_
    count_ -= due.size();
    empty(buckets_[0]);
    return true;
  }

  [[nodiscard]] bool is_empty() const { return count_ == 0; }
  [[nodiscard]] std::size_t count() const { return count_; }
  void clear() { *this = {}; }

private:
  /// Those whose time first differs from reached_ in one certain bit; of the first one, in none.
  struct Bucket {
    std::int64_t earliest = kNever;
    std::vector<Entry> entries;
  };

  [[nodiscard]] std::size_t bucket_of(std::int64_t time) const {
    // The sign's bit differs the right way round, too: of two times the later one is not reached yet.
    return static_cast<std::size_t>(
        std::bit_width(static_cast<std::uint64_t>(time) ^ static_cast<std::uint64_t>(reached_)));
  }
  [[nodiscard]] const Bucket* first_bucket() const {
    for (const Bucket& bucket : buckets_)
      if (!bucket.entries.empty()) return &bucket;
    return nullptr;
  }
  [[nodiscard]] Bucket* first_bucket() {
    return const_cast<Bucket*>(std::as_const(*this).first_bucket());
  }

  template <class Announce>
  void spread(Bucket& bucket, Announce&& announce) {
    constexpr std::size_t kSoon = 64;
    const bool is_soon = bucket.entries.size() <= kSoon;
    reached_ = bucket.earliest;
    for (const Entry& entry : bucket.entries) {
      if (is_soon) announce(entry.what);
      Bucket& lower = buckets_[bucket_of(entry.time)];
      lower.earliest = std::min(lower.earliest, entry.time);
      lower.entries.push_back(entry);
    }
    empty(bucket);
  }

  /// Small memory stays for the next ones.
  static void empty(Bucket& bucket) {
    constexpr std::size_t kKept = 4096;
    bucket.earliest = kNever;
    if (bucket.entries.capacity() > kKept) bucket.entries = {};
    else bucket.entries.clear();
  }

  std::int64_t reached_ = std::numeric_limits<std::int64_t>::min();
  std::array<Bucket, 65> buckets_;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> late_;  // of before reached_
  std::size_t count_ = 0;
};

}  // namespace weir
