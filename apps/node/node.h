// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "apps/command_line.h"
#include "apps/configuration.h"
#include "apps/node/shutdown.h"
#include "base/config.h"
#include "base/options.h"

namespace weir {

/// An option of the command line that is another name for a key of the configuration.
struct Shorthand {
  std::string_view name;  // "slots"
  std::string_view key;   // "taskmanager.numberOfTaskSlots"
  std::string_view flag_value = "true";  // what an option without a value means
};

/// Sets both jobmanager.rpc.address and jobmanager.rpc.port.
inline constexpr OptionSpec kJobManagerOption{"jobmanager,m", "HOST:PORT",
                                              "Where the JobManager listens (default 127.0.0.1:6123)."};

/// What a main says of its program.
struct NodeProgram {
  std::string_view name;     // "weir-taskmanager"
  std::string_view purpose;  // one sentence for --help
  std::span<const OptionSpec> options;
  std::span<const Shorthand> shorthands;
  /// Keys that this program reads, for --help; others are for its neighbours.
  std::span<const AnyOption> keys;
  /// Runs until `shutdown` says so. The answer is the exit code.
  int (*run)(const Config& config, Shutdown& shutdown);
};

/// All of main() that the programs have in common: help, version, configuration, log level.
[[nodiscard]] int run_node(const NodeProgram& program, int argc, char** argv);

/// One line to standard error; the answer is `exit_code`.
int refuse(std::string_view program, std::string_view why, int exit_code);

}  // namespace weir
