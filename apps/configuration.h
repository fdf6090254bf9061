// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "apps/command_line.h"
#include "base/config.h"
#include "base/result.h"

namespace weir {

// What every program takes its configuration from. The later of these wins: the file, -D, options that name
// a key's value themselves.
inline constexpr OptionSpec kConfigOption{
    "config", "FILE", "Lines of `key: value` (default: weir.yaml in $WEIR_CONF_DIR, if that is set)."};
inline constexpr OptionSpec kDefineOption{"define,D", "KEY=VALUE",
                                          "Overrides one key of the configuration; may be repeated.", true};

// Of the programs that find each other through ZooKeeper. The first one also says that they do.
inline constexpr OptionSpec kZooKeeperOption{
    "zookeeper", "HOSTS", "Find the JobManager that leads through these servers, as HOST:PORT,HOST:PORT,..."};
inline constexpr OptionSpec kClusterIdOption{"cluster-id", "ID",
                                             "Which of the clusters there (default 'default')."};

/// Reads what --config (or $WEIR_CONF_DIR) and -D say, and --zookeeper and
/// --cluster-id. `line` was parsed with some of the options above.
/// Errors: one line that names file and line, or the key, and the nearest known key.
[[nodiscard]] Result<Config> load_configuration(const CommandLine& line);

}  // namespace weir
