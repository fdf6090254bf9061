// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>

#include "base/time.h"
#include "graph/execution_state.h"
#include "messages/archive.h"

namespace weir {

/// What a job has done, added up over its tasks.
struct JobTotals {
  std::uint64_t records_in = 0;
  std::uint64_t records_out = 0;
  std::map<ExecutionState, std::uint32_t> tasks;  // how many are in each state
  bool operator==(const JobTotals&) const = default;
};

[[nodiscard]] JobTotals totals_of(const JobDetails& job);
/// "3 RUNNING, 1 FINISHED", in the order of a task's life.
[[nodiscard]] std::string tasks_text(const JobTotals& totals);

/// A running job as one line that changes:
///
///     RUNNING 12.3 s | 3 RUNNING, 1 FINISHED | in 1.20 M, out 1.21 M records | 98.5 k/s
///
/// The rate is of records that tasks wrote, over the last seconds: a JobManager hears of them once a
/// heartbeat, and its TaskManagers do not speak at once. A restart begins to count anew.
///
/// Threads: none.
/// Time:    reads no clock; `now` comes with the call.
class Progress {
public:
  /// At most `columns` wide.
  [[nodiscard]] std::string line(const JobDetails& job, WallTime wall_now, TimePoint now,
                                 std::size_t columns);

private:
  struct Look {
    std::uint64_t records;
    TimePoint at;
  };

  void remember(Look look);
  [[nodiscard]] std::string rate_at(TimePoint now) const;

  std::deque<Look> news_;  // the first look, and those that saw other numbers than the look before; recent
};

}  // namespace weir
