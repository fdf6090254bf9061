// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "apps/drill/checkers.h"
#include "apps/drill/faults.h"
#include "apps/drill/history.h"
#include "apps/drill/ledger.h"
#include "apps/drill/recorder.h"
#include "base/time.h"

namespace weir::drill {

/// When what happened to one fault, and what came of it.
struct FaultTimes {
  Fault fault = Fault::LeaderKill;
  std::string target;
  std::string skipped;  // why it could not be brought about; empty: it was
  TimePoint at{};       // it was there
  TimePoint healed{};
  std::uint64_t epoch = 0;           // of the leader at `at`
  std::uint64_t checkpoint = 0;      // highest known at `at`
  std::uint64_t healed_checkpoint = 0;  // the same at `healed`
  // As the history tells; none: it did not happen.
  std::optional<Duration> leader;   // from the fault until another led
  std::optional<Duration> running;  // from the fault (or heal) until the last task that was started anew ran
  std::optional<Duration> output;   // the same until output went on
  bool operator==(const FaultTimes&) const = default;
};

/// What one drill came to.
struct Outcome {
  Plan plan;
  std::string skipped;  // why it was not run; empty: it was
  std::vector<FaultTimes> faults;
  Findings findings;
  Verdict ledger;
  std::size_t commits = 0;
  std::size_t checkpoints = 0;  // that were seen to be completed
  std::size_t leaders = 0;
  std::uint64_t refused = 0;  // stale requests
  Duration longest_gap{};     // of the output

  [[nodiscard]] bool is_carried_out() const;
  [[nodiscard]] bool is_valid() const { return findings.empty() && is_carried_out(); }
};

/// Fills in what the history tells of a fault. `running`: when tasks were told to be RUNNING.
void measure(FaultTimes& fault, const History& history, const std::vector<TimePoint>& running);

/// What must have happened in time, after the faults of a drill.
[[nodiscard]] std::vector<Liveness> liveness_of(const std::vector<FaultTimes>& faults);

}  // namespace weir::drill
