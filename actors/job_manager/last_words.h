// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "checkpoint/coordinator/checkpoint_plan.h"
#include "messages/archive.h"
#include "messages/job.h"
#include "messages/outcome.h"

namespace weir {

/// How its checkpoints see the end of a job that was to be recorded: only what is on record may delete what
/// the job goes on from, or else whoever runs it again would run it from nothing.
[[nodiscard]] inline JobEnd as_recorded(JobEnd end, const Outcome& recorded) {
  return recorded.accepted ? end : JobEnd::Suspended;
}

/// How a job is shown whose end is not on record yet: as it was before.
[[nodiscard]] inline JobDetails not_yet_ended(JobDetails job) {
  const JobStatus end = job.status;
  if (end == JobStatus::Finished) job.status = JobStatus::Running;
  if (end == JobStatus::Failed) job.status = JobStatus::Failing;
  if (end == JobStatus::Canceled) job.status = JobStatus::Cancelling;
  if (end != job.status) job.entered[static_cast<std::size_t>(end)] = {};
  return job;
}

/// What is to be said of a job's end, held back until the end is on record: so that nobody runs the job again
/// of which somebody was told that it is over. What came of recording it under one term says nothing of a job
/// that was recovered under another, and ends anew.
///
/// Threads: none. One a JobManager.
class LastWords {
public:
  using Word = std::function<void()>;

  /// The end of this job is being recorded under this term; on_recorded() follows. `seen`: what whoever asks
  /// for it meanwhile is shown.
  void hold(JobId job, LeaderSessionId term, JobDetails seen = {}) {
    held_[job] = {.term = term, .seen = not_yet_ended(std::move(seen)), .words = {}};
  }
  [[nodiscard]] bool holds(JobId job) const { return held_.contains(job); }
  /// Null: its end is not being recorded.
  [[nodiscard]] const JobDetails* seen(JobId job) const {
    const auto ending = held_.find(job);
    return ending == held_.end() ? nullptr : &ending->second.seen;
  }
  /// Of all whose ends are being recorded.
  [[nodiscard]] std::vector<JobOverview> overviews() const {
    std::vector<JobOverview> all;
    for (const auto& [job, held] : held_) all.push_back(overview_of(held.seen));
    return all;
  }
  /// Says it now, unless the job's end is being recorded.
  void say(JobId job, Word word) {
    const auto ending = held_.find(job);
    if (ending == held_.end()) return word();
    ending->second.words.push_back(std::move(word));
  }
  /// What was held back is said; not so of a job that the next leader goes on with: it decides how that ends,
  /// and says so.
  void on_recorded(JobId job, LeaderSessionId term, const Outcome& recorded) {
    const auto known = held_.find(job);
    if (known == held_.end() || known->second.term != term) return;
    const auto held = held_.extract(known);
    if (!recorded.accepted && recorded.refusal.code == ErrorCode::NotLeader) return;
    for (const Word& word : held.mapped().words) word();
  }
  /// The term is over: the next leader says how those jobs end.
  void on_revoke() { held_.clear(); }

private:
  struct Held {
    LeaderSessionId term;
    JobDetails seen;
    std::vector<Word> words;
  };
  std::map<JobId, Held> held_;
};

}  // namespace weir
