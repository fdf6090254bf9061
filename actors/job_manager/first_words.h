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
/// A disk may be slower than an election: what came of it under one term says nothing of the same job under
/// another.
///
/// Threads: none. One a JobManager.
class FirstWords {
public:
  using Word = std::function<void(const Outcome& kept)>;

  /// The job is being kept under this term; on_kept() follows.
  void hold(JobId job, LeaderSessionId term) { held_[job] = {.term = term, .words = {}}; }
  [[nodiscard]] bool holds(JobId job) const { return held_.contains(job); }
  /// Says it when the job is kept, or is not. It must be held.
  void say(JobId job, Word word) { held_.at(job).words.push_back(std::move(word)); }
  /// Whether what comes of keeping the job under this term is still waited for.
  [[nodiscard]] bool awaits(JobId job, LeaderSessionId term) const {
    const auto known = held_.find(job);
    return known != held_.end() && known->second.term == term;
  }
  void on_kept(JobId job, LeaderSessionId term, const Outcome& kept) {
    if (!awaits(job, term)) return;
    const auto held = held_.extract(job);
    for (const Word& word : held.mapped().words) word(kept);
  }
  /// The term is over, and so is the waiting: the next leader knows which jobs were kept.
  void on_revoke(const Outcome& refusal) {
    for (const auto& [job, held] : std::exchange(held_, {}))
      for (const Word& word : held.words) word(refusal);
  }

private:
  struct Held {
    LeaderSessionId term;
    std::vector<Word> words;
  };
  std::map<JobId, Held> held_;
};

}  // namespace weir
