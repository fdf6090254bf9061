// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "graph/job_graph.h"

namespace weir {

/// Whether the graph keeps JobGraphLimits: counts, lengths of texts, texts in UTF-8, durations that are none.
/// A part of validate(), and the first: what follows may rely on sizes.
[[nodiscard]] Status check_limits(const JobGraph& graph);

}  // namespace weir
