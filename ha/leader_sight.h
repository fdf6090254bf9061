// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "base/ids.h"
#include "ha/ports.h"

namespace weir {

/// What a follower makes of what it reads in the leader's node, which a server that lags behind may show as
/// it was. While nothing can be read the leader that was seen last is believed in: it is the leader who must
/// know whether it still leads.
///
/// Threads: none.
class LeaderSight {
public:
  /// What is to be told; nothing if it is known, or older than what is. No address: nobody leads, or whoever
  /// was elected is not ready to be found.
  [[nodiscard]] std::optional<LeaderAddress> on_read(const LeaderAddress& leader) {
    const LeaderSessionId session = leader.session;
    if (!leader.address.empty()) {
      if (session.high == highest_.high && session.low < highest_.low) return std::nullopt;
      highest_ = session;
    }
    if (leader == told_) return std::nullopt;
    told_ = leader;
    return leader;
  }

private:
  LeaderAddress told_;
  LeaderSessionId highest_;  // of all that were seen
};

}  // namespace weir
