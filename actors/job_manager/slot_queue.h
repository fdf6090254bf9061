// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <vector>

#include "actors/job_manager/scheduler.h"
#include "base/ids.h"
#include "base/result.h"
#include "graph/execution_effects.h"

namespace weir {

/// Hands out slots, first come first served. A job may wait for slots that are not there yet.
///
/// Nobody who comes later is served before one who waits, so that a wide job is not starved by narrow ones;
/// except that a job which needs more slots than all TaskManagers have holds up nobody: no other job's end
/// would help it.
///
/// Threads: none. One caller at a time: the JobManager.
/// Errors:  take() and give_up() say what is missing, with the numbers.
class SlotQueue {
public:
  struct Grant {
    JobId job;
    std::uint64_t version = 0;
    std::vector<AssignedSlot> slots;
  };

  /// `scheduler` outlives this.
  explicit SlotQueue(Scheduler& scheduler) : scheduler_(scheduler) {}

  /// Slots at once, or none.
  [[nodiscard]] Result<std::vector<AssignedSlot>> take(const std::vector<SlotRequest>& requests,
                                                       const std::vector<SlotHolder>& holders = {});
  /// A job that waits does not have it any more either.
  void release(const AssignedSlot& slot);

  /// Puts the job at the end of the line. It must not stand there yet.
  void wait(JobId job, effects::RequestSlots request);
  /// The job waits no longer. Nothing happens if it did not.
  void leave(JobId job);
  /// The same, if it still waits for this version: then the answer says what it has been missing.
  [[nodiscard]] std::optional<Error> give_up(JobId job, std::uint64_t version);
  /// Who is served now; to be asked again until it is nobody, whenever slots may have become free.
  [[nodiscard]] std::optional<Grant> next();

  /// "waiting for 4 slots, 2 are free"; empty: the job does not wait.
  [[nodiscard]] std::string waiting_for(JobId job) const;

private:
  struct Waiting {
    JobId job;
    std::uint32_t needed = 0;
    effects::RequestSlots request;
  };
  using Line = std::list<Waiting>;

  [[nodiscard]] Line::const_iterator find(JobId job) const;
  /// Whether somebody before `end` waits whom free slots will serve in time.
  [[nodiscard]] bool is_held_up(Line::const_iterator end) const;
  [[nodiscard]] Error missing(std::uint32_t needed, Line::const_iterator place) const;

  Scheduler& scheduler_;
  Line line_;
};

}  // namespace weir
