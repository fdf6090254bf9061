// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "base/config.h"

/// Every option that a configuration file or -D may set, under the keys that Flink's users know. An option
/// enters this page together with the code that obeys it.
namespace weir::options {

inline constexpr Option<std::uint32_t> kParallelism{"parallelism.default", "1",
                                                    "parallelism of a program that sets none"};

inline constexpr Option<std::string> kJobManagerAddress{"jobmanager.rpc.address", "localhost",
                                                        "host under which others reach the JobManager"};
inline constexpr Option<std::uint32_t> kJobManagerPort{"jobmanager.rpc.port", "6123",
                                                       "port of the JobManager's control messages"};

inline constexpr Option<std::uint32_t> kTaskSlots{
    "taskmanager.numberOfTaskSlots", "1", "tasks of one job vertex that a TaskManager runs at a time"};
inline constexpr Option<std::string> kTaskManagerHost{"taskmanager.hostname", "localhost",
                                                      "host under which peers reach this TaskManager"};
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
                                              "how long to wait for an actor's answer"};
inline constexpr Option<Duration> kClientTimeout{"akka.client.timeout", "60 s",
                                                 "how long a client waits for the JobManager"};

inline constexpr Option<std::string> kLogLevel{"env.log.level", "INFO", "DEBUG, INFO, WARN, ERROR or OFF"};

/// All of the above.
[[nodiscard]] std::span<const AnyOption> all();

}  // namespace weir::options
