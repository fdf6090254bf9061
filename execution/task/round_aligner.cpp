// SPDX-License-Identifier: Apache-2.0
#include "execution/task/round_aligner.h"

#include <cstddef>

namespace weir {

std::vector<Round> RoundAligner::on_round(std::uint32_t channel, const Round& round) {
  const Key key{round.iteration, round.number};
  const auto at = pending_.try_emplace(key, Pending{.from = std::vector<bool>(ended_.size())}).first;
  Pending& pending = at->second;
  pending.from[channel] = true;
  pending.is_quiet = pending.is_quiet && round.is_quiet;
  if (!is_complete(pending)) return {};
  const Round whole{.iteration = round.iteration, .number = round.number, .is_quiet = pending.is_quiet};
  pending_.erase(at);
  return {whole};
}

std::vector<Round> RoundAligner::on_end(std::uint32_t channel) {
  ended_[channel] = true;
  std::vector<Round> complete;
  for (auto at = pending_.begin(); at != pending_.end();) {
    if (!is_complete(at->second)) {
      ++at;
      continue;
    }
    const auto& [iteration, number] = at->first;
    complete.push_back({.iteration = iteration, .number = number, .is_quiet = at->second.is_quiet});
    at = pending_.erase(at);
  }
  return complete;
}

bool RoundAligner::is_complete(const Pending& pending) const {
  for (std::size_t channel = 0; channel < ended_.size(); ++channel)
    if (!ended_[channel] && !pending.from[channel]) return false;
  return true;
}

}  // namespace weir
