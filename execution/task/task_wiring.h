// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "network/input_gate.h"
#include "network/result_partition.h"

namespace weir {

/// The ends of a task in the network: what it writes to and what it reads from, in the order of its
/// descriptor.
struct TaskWiring {
  std::vector<std::shared_ptr<ResultPartition>> outputs;
  std::vector<std::unique_ptr<InputGate>> inputs;
};

}  // namespace weir
