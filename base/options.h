// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "base/config.h"

/// Every option that a configuration file or -D may set, under the keys that Flink's users know. An option
/// enters this page together with the code that obeys it.
namespace weir::options {

inline constexpr Option<std::uint32_t> kParallelism{"parallelism.default", "1",
                                                    "parallelism of a program that sets none"};

inline constexpr Option<std::string> kJobManagerAddress{"jobmanager.rpc.address", "127.0.0.1",
                                                        "host under which others reach the JobManager"};
inline constexpr Option<std::uint32_t> kJobManagerPort{
    "jobmanager.rpc.port", "6123", "port of the JobManager's control messages; 0: any free"};
inline constexpr Option<std::string> kJobManagerBindHost{
    "jobmanager.bind-host", "", "interface to listen at; unset: that of jobmanager.rpc.address"};
inline constexpr Option<std::uint32_t> kBlobPort{"blob.server.port", "0",
                                                 "port for libraries of programs; 0: any free one"};
inline constexpr Option<std::string> kBlobDirectory{
    "blob.storage.directory", "",
    "where libraries of programs lie; unset: a directory that ends with the process"};
inline constexpr Option<Bytes> kMaxLibrarySize{"blob.server.max-size", "256mb", "of one library"};
inline constexpr Option<std::uint32_t> kArchivedJobs{"web.history", "5", "ended jobs that are remembered"};

inline constexpr Option<Duration> kHeartbeatInterval{
    "heartbeat.interval", "1 s", "between life signs of processes; equal in all of a cluster"};
inline constexpr Option<Duration> kHeartbeatTimeout{
    "heartbeat.timeout", "5 s", "silence after which a process counts as dead; equal in all of a cluster"};

inline constexpr Option<Duration> kSlotRequestTimeout{
    "slot.request.timeout", "5 min", "how long a job that may wait for slots does so before it fails"};

inline constexpr Option<std::string> kRestartStrategy{
    "restart-strategy", "none", "of jobs that set none: none, fixed-delay or failure-rate"};
inline constexpr Option<std::uint32_t> kFixedDelayAttempts{"restart-strategy.fixed-delay.attempts", "1",
                                                           "restarts in the life of a job"};
inline constexpr Option<Duration> kFixedDelay{"restart-strategy.fixed-delay.delay", "1 s",
                                              "between a failure and the restart"};
inline constexpr Option<std::uint32_t> kMaxFailuresPerInterval{
    "restart-strategy.failure-rate.max-failures-per-interval", "1",
    "failures within the interval that are survived"};
inline constexpr Option<Duration> kFailureRateInterval{
    "restart-strategy.failure-rate.failure-rate-interval", "1 min", "over which failures are counted"};
inline constexpr Option<Duration> kFailureRateDelay{"restart-strategy.failure-rate.delay", "1 s",
                                                    "between a failure and the restart"};

inline constexpr Option<std::string> kStateBackend{
    "state.backend", "memory", "of jobs that set none: memory (or jobmanager), filesystem (or fs), rocksdb"};
inline constexpr Option<bool> kIncrementalCheckpoints{
    "state.backend.incremental", "false", "a checkpoint from rocksdb holds only what has changed"};
inline constexpr Option<bool> kCheckpointFallBack{
    "state.checkpoints.fall-back", "false",
    "go on from an older checkpoint if the latest cannot be read: what was committed since is repeated"};
inline constexpr Option<std::string> kCheckpointDirectory{
    "state.checkpoints.dir", "", "directory for checkpoints, which all machines see; jobs may name another"};
inline constexpr Option<std::string> kSavepointDirectory{
    "state.savepoints.dir", "", "directory for savepoints whose asker names none"};
inline constexpr Option<std::uint32_t> kRetainedCheckpoints{
    "state.checkpoints.num-retained", "1", "completed checkpoints of a job that are kept; at least 1"};
inline constexpr Option<Bytes> kFsMemoryThreshold{
    "state.backend.fs.memory-threshold", "1kb", "state up to this size is no file of its own; at most 1mb"};
inline constexpr Option<std::string> kRocksDbDirectory{
    "state.backend.rocksdb.localdir", "", "where rocksdb works, on a fast local disk; unset: io.tmp.dirs"};
inline constexpr Option<Bytes> kRocksDbWriteBuffer{
    "state.backend.rocksdb.writebuffer.size", "64mb", "changes in memory, of one operator in one subtask"};
inline constexpr Option<Bytes> kRocksDbBlockCache{
    "state.backend.rocksdb.block.cache-size", "64mb", "reads in memory, of one operator in one subtask"};

inline constexpr Option<std::string> kHighAvailability{
    "high-availability", "none",
    "what survives a JobManager: none; filesystem: jobs that are not over; zookeeper: others take over"};
inline constexpr Option<std::string> kStorageDirectory{
    "high-availability.storageDir", "", "where that is kept: jobs, and the libraries of their programs"};

inline constexpr Option<Duration> kRegistrationInitialBackoff{
    "taskmanager.registration.initial-backoff", "500 ms", "until a TaskManager asks again to be taken in"};
inline constexpr Option<Duration> kRegistrationMaxBackoff{"taskmanager.registration.max-backoff", "30 s",
                                                          "most that this pause grows to"};
inline constexpr Option<Duration> kRegistrationRefusedBackoff{
    "taskmanager.registration.refused-backoff", "10 s", "pause after a refusal"};
inline constexpr Option<Duration> kRegistrationTimeout{
    "taskmanager.registration.timeout", "5 min", "without a JobManager it ends then; 0: never"};

inline constexpr Option<Duration> kCancellationInterval{
    "task.cancellation.interval", "30 s", "between reminders to a task that was cancelled and has not ended"};
inline constexpr Option<Duration> kCancellationTimeout{
    "task.cancellation.timeout", "180 s", "after which such a task ends its TaskManager; 0: never"};
inline constexpr Option<Duration> kLatencyInterval{
    "metrics.latency.interval", "0 s",
    "how often each source sends a marker that tells how long records are under way; 0: never"};
inline constexpr Option<std::string> kTemporaryDirectory{
    "io.tmp.dirs", "", "directories for temporary files, separated by commas; unset: the system's"};
inline constexpr Option<std::string> kTaskManagerTemporaryDirectory{
    "taskmanager.tmp.dirs", "", "the same, of TaskManagers; unset: io.tmp.dirs"};
inline constexpr Option<std::string> kLogDirectory{
    "env.log.dir", "", "directory for reports of crashes; unset: they go to standard error alone"};

inline constexpr Option<std::string> kZooKeeperQuorum{
    "high-availability.zookeeper.quorum", "", "ZooKeeper's servers, as HOST:PORT,HOST:PORT,..."};
inline constexpr Option<std::string> kZooKeeperRoot{
    "high-availability.zookeeper.path.root", "/weir", "node below which the clusters of these servers lie"};
inline constexpr Option<std::string> kClusterId{
    "high-availability.cluster-id", "default", "name of this cluster among them; equal in all of a cluster"};
inline constexpr Option<Duration> kZooKeeperSessionTimeout{
    "high-availability.zookeeper.client.session-timeout", "6 s",
    "how long a leader that is frozen or cut off keeps the lead; the servers have limits"};
inline constexpr Option<std::string> kZooKeeperSecretFile{
    "high-availability.zookeeper.client.secret-file", "",
    "file of one line, user:password, to whom the nodes belong; unset: to everybody"};
inline constexpr Option<bool> kZooKeeperTrustedNetwork{
    "high-availability.zookeeper.trusted-network", "false",
    "speak in clear to servers on other machines, as ZooKeeper's client does"};
inline constexpr Option<bool> kGuardian{
    "high-availability.guardian", "true",
    "run the JobManager under a parent that ends its ZooKeeper session when it dies, and starts it again"};

inline constexpr Option<Duration> kAdoptionGrace{
    "jobmanager.adoption.grace", "30 s",
    "how long tasks go on without a JobManager, for the next one to take them over; 0: they end with it, and "
    "jobs start from their checkpoints. Only with ZooKeeper, and equal in all of a cluster"};
inline constexpr Option<Duration> kAdoptionTimeout{
    "jobmanager.adoption.timeout", "2 s",
    "how long a JobManager that begins to lead waits for the tasks of a job, before it starts the job anew"};

inline constexpr Option<std::string> kTlsCertificate{"security.ssl.certificate", "",
                                                     "PEM file: by what a node proves who it is"};
inline constexpr Option<std::string> kTlsKey{"security.ssl.key", "",
                                             "PEM file of its private key, readable by its owner alone"};
inline constexpr Option<std::string> kTlsCa{"security.ssl.ca", "",
                                            "PEM file: who signed the peers' certificates"};
inline constexpr Option<bool> kInsecureNetwork{
    "security.insecure-network", "false",
    "listen to other machines without TLS: whoever reaches us rules us"};

inline constexpr Option<std::uint32_t> kTaskSlots{
    "taskmanager.numberOfTaskSlots", "1", "tasks of one job vertex that a TaskManager runs at a time"};
inline constexpr Option<std::string> kTaskManagerHost{"taskmanager.hostname", "127.0.0.1",
                                                      "host under which peers reach this TaskManager"};
inline constexpr Option<std::string> kTaskManagerBindHost{
    "taskmanager.bind-host", "", "interface to listen at; unset: that of taskmanager.hostname"};
inline constexpr Option<std::uint32_t> kTaskManagerDataPort{"taskmanager.data.port", "0",
                                                            "port of the data exchange; 0: any free one"};
inline constexpr Option<Bytes> kSegmentSize{"taskmanager.memory.segment-size", "32kb",
                                            "unit of memory and of exchange"};
inline constexpr Option<Bytes> kManagedMemory{"taskmanager.memory.size", "64mb",
                                              "memory for sorting and hashing, over all slots"};
inline constexpr Option<Bytes> kNetworkMemory{"taskmanager.network.memory.max", "64mb",
                                              "memory for the exchange between tasks"};
inline constexpr Option<std::uint32_t> kBuffersPerChannel{"taskmanager.network.memory.buffers-per-channel",
                                                          "2", "segments that belong to one channel alone"};
inline constexpr Option<std::uint32_t> kFloatingBuffersPerGate{
    "taskmanager.network.memory.floating-buffers-per-gate", "16",
    "segments that the channels of a gate share"};

inline constexpr Option<Duration> kAskTimeout{"akka.ask.timeout", "10 s",
                                              "how long the nodes' actors wait for each other's answers"};
inline constexpr Option<Duration> kClientTimeout{"akka.client.timeout", "60 s",
                                                 "how long weir waits for the JobManager to answer"};

inline constexpr Option<std::string> kLogLevel{"env.log.level", "INFO", "DEBUG, INFO, WARN, ERROR or OFF"};

/// All of the above.
[[nodiscard]] std::span<const AnyOption> all();

}  // namespace weir::options
