// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/result.h"
#include "graph/deployment.h"
#include "network/input_channel.h"
#include "network/input_gate.h"
#include "network/result_partition.h"

namespace weir {

/// The ends of a task in the network: what it writes to and what it reads from, in the order of its
/// descriptor.
struct TaskWiring {
  std::vector<std::shared_ptr<ResultPartition>> outputs;
  std::vector<std::unique_ptr<InputGate>> inputs;
  /// By input: what makes a channel whose producer had no place at first. Empty: all had. Errors: not enough
  /// network memory.
  using ChannelMaker = std::function<Result<std::unique_ptr<InputChannel>>(const InputChannelDescriptor&)>;
  std::vector<ChannelMaker> late_channels;
};

}  // namespace weir
