// SPDX-License-Identifier: Apache-2.0
#include "base/options.h"

namespace weir::options {

std::span<const AnyOption> all() {
  static constexpr AnyOption kAll[] = {
      kParallelism,
      kJobManagerAddress,
      kJobManagerPort,
      kJobManagerBindHost,
      kBlobPort,
      kBlobDirectory,
      kMaxLibrarySize,
      kArchivedJobs,
      kSlotRequestTimeout,
      kHeartbeatInterval,
      kHeartbeatTimeout,
      kRestartStrategy,
      kFixedDelayAttempts,
      kFixedDelay,
      kMaxFailuresPerInterval,
      kFailureRateInterval,
      kFailureRateDelay,
      kStateBackend,
      kIncrementalCheckpoints,
      kCheckpointDirectory,
      kSavepointDirectory,
      kRetainedCheckpoints,
      kFsMemoryThreshold,
      kRocksDbDirectory,
      kRocksDbWriteBuffer,
      kRocksDbBlockCache,
      kRegistrationInitialBackoff,
      kRegistrationMaxBackoff,
      kRegistrationRefusedBackoff,
      kRegistrationTimeout,
      kCancellationInterval,
      kCancellationTimeout,
      kTemporaryDirectory,
      kLogDirectory,
      kTlsCertificate,
      kTlsKey,
      kTlsCa,
      kInsecureNetwork,
      kTaskSlots,
      kTaskManagerHost,
      kTaskManagerBindHost,
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
