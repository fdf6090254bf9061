// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "examples/nexmark/model.h"

namespace weir::testing {

/// What a query must say of these events, sorted: by loops over all of them, without any part of the example
/// but its model.
using NexmarkReference = std::vector<std::string> (*)(const std::vector<nexmark::Event>& events);

/// By the names of the queries.
[[nodiscard]] const std::map<std::string, NexmarkReference>& nexmark_references();

}  // namespace weir::testing
