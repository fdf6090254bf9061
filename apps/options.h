// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/config.h"

// Every key of the configuration. One table for all programs, since one file configures them all.
namespace weir::options {

inline constexpr Option<std::string> kJobManagerAddress{
    "jobmanager.rpc.address", "127.0.0.1", "Where the JobManager listens, and where all others look for it."};
inline constexpr Option<std::uint32_t> kJobManagerPort{"jobmanager.rpc.port", "6123",
                                                       "The JobManager's port; 0 is any free one."};
inline constexpr Option<std::uint32_t> kBlobPort{
    "blob.server.port", "0", "The port on which the JobManager hands out libraries; 0 is any free one."};
inline constexpr Option<std::string> kBlobDirectory{
    "blob.storage.directory", "", "Where libraries are kept; a temporary folder unless set."};

inline constexpr Option<std::string> kTaskManagerHost{"taskmanager.hostname", "127.0.0.1",
                                                      "The address on which a TaskManager listens."};
inline constexpr Option<std::uint32_t> kDataPort{
    "taskmanager.data.port", "0", "The port for data between TaskManagers; 0 is any free one."};
inline constexpr Option<std::uint32_t> kSlots{"taskmanager.numberOfTaskSlots", "1",
                                              "How many slots a TaskManager offers."};

inline constexpr Option<std::uint32_t> kParallelism{
    "parallelism.default", "1", "Subtasks of each operator of a program that does not say otherwise."};

/// All of the above.
[[nodiscard]] std::span<const AnyOption> all();

}  // namespace weir::options
