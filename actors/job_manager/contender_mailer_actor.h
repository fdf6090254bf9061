// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <caf/send.hpp>

#include <utility>

#include "ha/ports.h"
#include "messages/protocol.h"

namespace weir {

/// Brings the election's word to the JobManager as mail.
class ContenderMailer final : public LeaderContender {
public:
  explicit ContenderMailer(JobManagerActor receiver) : receiver_(std::move(receiver)) {}
  void grant_leadership(LeaderSessionId session) override {
    caf::anon_send(receiver_, GrantLeadership{session});
  }
  void revoke_leadership() override { caf::anon_send(receiver_, RevokeLeadership{}); }

private:
  JobManagerActor receiver_;
};

}  // namespace weir
