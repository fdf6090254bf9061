// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "base/cluster_identity.h"

namespace weir {

/// Takes as long for tokens that are nearly equal as for others.
[[nodiscard]] inline bool equal_tokens(const LinkToken& a, const LinkToken& b) {
  std::byte difference{0};
  for (std::size_t i = 0; i < a.size(); ++i) difference |= a[i] ^ b[i];
  return difference == std::byte{0};
}

/// Who a worker is on the wire. Links exist only between workers of one cluster that share its token.
struct LinkIdentity {
  ClusterId cluster;
  TaskManagerId node;
  LinkToken token{};
};

}  // namespace weir
