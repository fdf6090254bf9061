// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/cluster_identity.h"

namespace weir {

/// Who a worker is on the wire. Links exist only between workers of one cluster that share its token.
struct LinkIdentity {
  ClusterId cluster;
  TaskManagerId node;
  LinkToken token{};
};

}  // namespace weir
