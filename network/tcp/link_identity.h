// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>

#include "base/ids.h"

namespace weir {

using ClusterId = Id<struct ClusterTag>;
/// A secret that all workers of a cluster share.
using LinkToken = std::array<std::byte, 32>;

/// Who a worker is on the wire. Links exist only between workers of one cluster that share its token.
struct LinkIdentity {
  ClusterId cluster;
  TaskManagerId node;
  LinkToken token{};
};

}  // namespace weir
