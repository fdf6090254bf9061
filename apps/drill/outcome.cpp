// SPDX-License-Identifier: Apache-2.0
#include "apps/drill/outcome.h"

#include <algorithm>

namespace weir::drill {

namespace {

constexpr Duration kAfterSeveral = 10s;  // output goes on after the last of several faults was healed

}  // namespace

bool Outcome::is_carried_out() const {
  return skipped.empty() && !faults.empty() &&
         std::ranges::all_of(faults, [](const FaultTimes& fault) { return fault.skipped.empty(); });
}

void measure(FaultTimes& fault, const History& history, const std::vector<TimePoint>& running) {
  const bool from_heal = kind_of(fault.fault).is_counted_from_heal;
  const TimePoint from = from_heal ? fault.healed : fault.at;
  // The checkpoint that was under way may still be completed by those who have not noticed.
  const std::uint64_t under_way = (from_heal ? fault.healed_checkpoint : fault.checkpoint) + 1;
  for (const LeaderSeen& seen : history.leaders)
    if (!fault.leader && seen.at >= fault.at && seen.epoch > fault.epoch) fault.leader = seen.at - fault.at;
  for (const OutputSeen& seen : history.outputs)
    if (!fault.output && seen.at > from && seen.checkpoint > under_way) fault.output = seen.at - from;
  if (!fault.output) return;
  for (const TimePoint at : running)
    if (at > from && at <= from + *fault.output) fault.running = at - from;
}

std::vector<Liveness> liveness_of(const std::vector<FaultTimes>& faults) {
  std::vector<Liveness> all;
  if (faults.size() == 1) {
    const FaultTimes& fault = faults.front();
    const FaultKind& kind = kind_of(fault.fault);
    all.push_back({.what = "output after " + std::string(kind.name),
                   .took = fault.output.value_or(Duration{}),
                   .bound = kind.output,
                   .has_happened = fault.output.has_value()});
    if (kind.effect == Effect::NewLeader)
      all.push_back({.what = "a new leader after " + std::string(kind.name),
                     .took = fault.leader.value_or(Duration{}),
                     .bound = kind.leader,
                     .has_happened = fault.leader.has_value()});
    return all;
  }
  // Each may have put off the others: what counts is that all is well after the last.
  const auto last = std::ranges::max_element(faults, {}, &FaultTimes::healed);
  if (last == faults.end()) return all;
  FaultTimes end = *last;
  all.push_back({.what = "output after the last of several faults",
                 .took = end.output.value_or(Duration{}),
                 .bound = kAfterSeveral + (end.healed - end.at),
                 .has_happened = end.output.has_value()});
  return all;
}

}  // namespace weir::drill
