// SPDX-License-Identifier: Apache-2.0
#include "ha/standalone.h"

#include "base/result.h"

namespace weir {

void StandaloneLeaderElection::start(LeaderContender& contender) {
  WEIR_CHECK(contender_ == nullptr, "an election is started once");
  contender_ = &contender;
  contender_->grant_leadership(kStandaloneSession);
}

void StandaloneLeaderElection::confirm(LeaderSessionId, const std::string&) {
  // Nobody needs to be told: the address stands in everyone's configuration.
}

void StandaloneLeaderElection::stop() {
  if (contender_ == nullptr) return;
  contender_->revoke_leadership();
  contender_ = nullptr;
}

void StandaloneLeaderRetrieval::start(LeaderListener& listener) {
  listener.on_leader({.address = address_, .session = session_});
}

}  // namespace weir
