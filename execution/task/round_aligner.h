// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "execution/operators/feedback.h"

namespace weir {

/// When the rounds of iterations (execution/operators/feedback.h) may be sent on by a task: each when it has
/// come on every channel, or the channel has ended. It is quiet if it was everywhere. Nothing waits
/// meanwhile.
///
/// Threads: none. One caller: the task.
class RoundAligner {
public:
  explicit RoundAligner(std::uint32_t channels) : ended_(channels) {}

  // What is to be sent on now, in this order.
  [[nodiscard]] std::vector<Round> on_round(std::uint32_t channel, const Round& round);
  [[nodiscard]] std::vector<Round> on_end(std::uint32_t channel);

private:
  struct Pending {
    std::vector<bool> from;  // by channel
    bool is_quiet = true;
  };
  using Key = std::pair<std::uint64_t, std::uint64_t>;  // iteration, number

  [[nodiscard]] bool is_complete(const Pending& pending) const;

  std::vector<bool> ended_;  // by channel
  std::map<Key, Pending> pending_;
};

}  // namespace weir
