// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "graph/stream_graph.h"

namespace weir::detail {

/// What an operator says that it keeps. Throws ProgramError if a name stands for two states.
[[nodiscard]] std::vector<StateInfo> checked(std::vector<StateInfo> states);

}  // namespace weir::detail
