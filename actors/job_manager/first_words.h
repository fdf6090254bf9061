// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "messages/outcome.h"

namespace weir {

/// What is to be said to those who ask for a job that was submitted and does not survive us yet: nothing
/// before it does, so that nobody is told that a job is accepted which the next leader has never heard of.
///
/// Threads: none. One a JobManager.
class FirstWords {
public:
  using Word = std::function<void(const Outcome& kept)>;

  /// The job is being kept; on_kept() follows.
  void hold(JobId job) { held_[job]; }
  [[nodiscard]] bool holds(JobId job) const { return held_.contains(job); }
  /// Says it when the job is kept, or is not. It must be held.
  void say(JobId job, Word word) { held_.at(job).push_back(std::move(word)); }
  void on_kept(JobId job, const Outcome& kept) {
    const auto words = held_.extract(job);
    if (words.empty()) return;
    for (const Word& word : words.mapped()) word(kept);
  }

private:
  std::map<JobId, std::vector<Word>> held_;
};

}  // namespace weir
