// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <caf/actor_system.hpp>

#include "ha/ports.h"
#include "messages/protocol.h"

namespace weir {

/// How a process of ours finds another: how long it waits for an answer.
struct LookupOptions {
  std::chrono::milliseconds patience{2000};
};

/// Starts one that has been told of no leader yet. It has a thread of its own: looking for a host that does
/// not answer takes a while.
[[nodiscard]] LeaderFinderActor spawn_leader_finder(caf::actor_system& system, LookupOptions options = {});

/// Brings the retrieval's word to the finder as mail.
class FinderMailer final : public LeaderListener {
public:
  explicit FinderMailer(LeaderFinderActor receiver) : receiver_(std::move(receiver)) {}
  void on_leader(const LeaderAddress& leader) override;

private:
  LeaderFinderActor receiver_;
};

}  // namespace weir
