// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "base/config.h"
#include "base/result.h"
#include "ha/zookeeper_options.h"

namespace weir::settings {

/// Where the JobManagers meet; none: there is one alone. Naming servers and no other way means ZooKeeper.
/// Errors: Refused where passwords would cross a network that nobody said to trust; else what is wrong.
[[nodiscard]] Result<std::optional<ZooKeeperOptions>> zookeeper(const Config& config);

}  // namespace weir::settings
