// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "checkpoint/coordinator/checkpoint_plan.h"
#include "messages/outcome.h"

namespace weir {

/// How its checkpoints see the end of a job that was to be recorded: only what is on record may delete what
/// the job goes on from, or else whoever runs it again would run it from nothing.
[[nodiscard]] inline JobEnd as_recorded(JobEnd end, const Outcome& recorded) {
  return recorded.accepted ? end : JobEnd::Suspended;
}

/// What is to be said of a job's end, held back until the end is on record: so that nobody runs the job again
/// of which somebody was told that it is over.
///
/// Threads: none. One a JobManager.
class LastWords {
public:
  using Word = std::function<void()>;

  /// The end of this job is being recorded; on_recorded() follows.
  void hold(JobId job) { held_[job]; }
  [[nodiscard]] bool holds(JobId job) const { return held_.contains(job); }
  /// Says it now, unless the job's end is being recorded.
  void say(JobId job, Word word) {
    const auto ending = held_.find(job);
    if (ending == held_.end()) return word();
    ending->second.push_back(std::move(word));
  }
  /// What was held back is said; not so of a job that the next leader goes on with: it decides how that ends,
  /// and says so.
  void on_recorded(JobId job, const Outcome& recorded) {
    const auto words = held_.extract(job);
    if (words.empty() || (!recorded.accepted && recorded.refusal.code == ErrorCode::NotLeader)) return;
    for (const Word& word : words.mapped()) word();
  }

private:
  std::map<JobId, std::vector<Word>> held_;
};

}  // namespace weir
