// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/result.h"
#include "graph/stream_graph.h"

namespace weir {

/// Whether all iterations of a program can end. Refuses, by the name of its beginning, one without an end;
/// one whose end is fed by what does not come from its beginning, or by the beginning itself; two that share
/// an operator; and a blocking exchange inside, whose reader would wait for what waits for it. `nodes` and
/// `edges` are those of a StreamGraph.
[[nodiscard]] Status check_iterations(const std::vector<StreamNode>& nodes,
                                      const std::vector<StreamEdge>& edges);

}  // namespace weir
