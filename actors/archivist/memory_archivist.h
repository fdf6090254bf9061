// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include "base/ids.h"
#include "messages/archive.h"

namespace weir {

/// Remembers the last few jobs that ended, and counts them all.
///
/// Unit:    capacity counts jobs. The one that was archived longest ago is forgotten first.
/// Threads: none. One caller at a time: the actor, or a test.
class MemoryArchivist {
public:
  static constexpr std::size_t kDefaultCapacity = 5;

  explicit MemoryArchivist(std::size_t capacity = kDefaultCapacity) : capacity_(capacity) {}

  /// A job that is archived again, as after a change of leader, replaces what was remembered and is not
  /// counted twice.
  void archive(JobDetails details);
  /// Null: never heard of it, or forgotten.
  [[nodiscard]] const JobDetails* find(JobId job) const;
  [[nodiscard]] ArchiveOverview overview() const;

private:
  void count(JobStatus status);

  const std::size_t capacity_;
  std::deque<JobDetails> jobs_;  // oldest first
  std::uint32_t finished_ = 0;
  std::uint32_t cancelled_ = 0;
  std::uint32_t failed_ = 0;
};

}  // namespace weir
