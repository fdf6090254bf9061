// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "execution/operators/input.h"
#include "execution/operators/record_sink.h"
#include "graph/cargo.h"

namespace weir {

/// What an edge with a function of the user's carries: makes the typed writer of one producer subtask.
class EdgeCargo : public Cargo {
public:
  /// `max_parallelism` is the consumer's; `sink` outlives the writer.
  [[nodiscard]] virtual std::unique_ptr<AnyInput> make_writer(RecordSink& sink,
                                                              std::uint32_t max_parallelism) const = 0;
};

}  // namespace weir
