// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/metrics.h"
#include "execution/operators/accumulators.h"
#include "graph/execution_state.h"

namespace weir {

/// What a task has done so far, for others to look at while it runs.
///
/// Unit:    records and bytes of its gates and partitions, published a buffer at a time; what passes inside a
///          chain is not counted.
/// Threads: counted by the task, read by any.
struct TaskMetrics {
  Counter records_in;
  Counter records_out;
  Counter bytes_in;
  Counter bytes_out;
  Accumulators accumulators;

  [[nodiscard]] IoCounters io() const {
    return {.records_in = records_in.value(),
            .records_out = records_out.value(),
            .bytes_in = bytes_in.value(),
            .bytes_out = bytes_out.value()};
  }
};

}  // namespace weir
