// SPDX-License-Identifier: Apache-2.0
#include "base/options.h"

namespace weir::options {

namespace {

constexpr AnyOption kAll[] = {
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
    kCheckpointFallBack,
    kCheckpointDirectory,
    kSavepointDirectory,
    kRetainedCheckpoints,
    kFsMemoryThreshold,
    kRocksDbDirectory,
    kRocksDbWriteBuffer,
    kRocksDbBlockCache,
    kHighAvailability,
    kStorageDirectory,
    kRegistrationInitialBackoff,
    kRegistrationMaxBackoff,
    kRegistrationRefusedBackoff,
    kRegistrationTimeout,
    kCancellationInterval,
    kCancellationTimeout,
    kLatencyInterval,
    kTemporaryDirectory,
    kTaskManagerTemporaryDirectory,
    kLogDirectory,
    kZooKeeperQuorum,
    kZooKeeperRoot,
    kClusterId,
    kZooKeeperSessionTimeout,
    kZooKeeperSecretFile,
    kZooKeeperTrustedNetwork,
    kGuardian,
    kAdoptionGrace,
    kAdoptionTimeout,
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

}  // namespace

std::span<const AnyOption> all() { return kAll; }

}  // namespace weir::options
