// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/cluster_identity.h"
#include "base/result.h"

namespace weir {

/// By what the nodes of a cluster know each other.
struct SharedIdentity {
  ClusterId cluster;
  LinkToken token{};
  bool operator==(const SharedIdentity&) const = default;
};

/// Of all JobManagers that see this directory: the links between TaskManagers outlive the leader that let
/// them in. The first to ask makes `<directory>/identity`, which only its owner can read; all others find it
/// there. Errors: the file is another's or can be read by others, is damaged, or what the system said.
[[nodiscard]] Result<SharedIdentity> shared_identity(const std::string& directory);

}  // namespace weir
