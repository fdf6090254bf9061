// SPDX-License-Identifier: Apache-2.0
#include "base/options.h"

namespace weir::options {

std::span<const AnyOption> all() {
  static constexpr AnyOption kAll[] = {
      kParallelism,
      kJobManagerAddress,
      kJobManagerPort,
      kTaskSlots,
      kTaskManagerHost,
      kTaskManagerDataPort,
      kSegmentSize,
      kManagedMemory,
      kNetworkMemory,
      kBuffersPerChannel,
      kFloatingBuffersPerGate,
      kAskTimeout,
      kClientTimeout,
      kLogLevel,
  };
  return kAll;
}

}  // namespace weir::options
