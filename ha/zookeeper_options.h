// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/time.h"

namespace weir {

/// Where the processes of a cluster with several JobManagers meet.
struct ZooKeeperOptions {
  std::string hosts;              // "a:2181,b:2181,c:2181"
  std::string root = "/weir";     // of all clusters that share these servers
  std::string cluster = "default";
  Duration session_timeout = 6s;  // so long a leader that is dead or frozen keeps the lead
  std::string secret;             // "user:password" to whom the nodes belong; empty: to everybody
  bool operator==(const ZooKeeperOptions&) const = default;
};

}  // namespace weir
