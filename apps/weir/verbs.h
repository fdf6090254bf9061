// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "apps/command_line.h"
#include "apps/configuration.h"

namespace weir {

// What scripts rely on.
inline constexpr int kExitOk = 0;
inline constexpr int kExitError = 1;      // whatever we could explain in one line
inline constexpr int kExitUncaught = 31;  // whatever we could not

/// One thing that `weir` can do.
struct Verb {
  std::string_view name;
  std::string_view arguments;  // behind the options: "PROGRAM.so [ARGS...]"
  std::string_view summary;    // one sentence
  std::span<const OptionSpec> options;
  int (*run)(const CommandLine& line);
};

[[nodiscard]] std::span<const Verb> verbs();

/// What the words behind `weir` ask for.
struct Invocation {
  enum class Kind { Run, Help, HelpOfVerb, Version };
  Kind kind = Kind::Help;
  const Verb* verb = nullptr;  // of Run and HelpOfVerb
  CommandLine line;            // of Run
};

/// Errors: one line; an unknown verb or option comes with the nearest known one.
[[nodiscard]] Result<Invocation> read_words(const std::vector<std::string>& words);

/// One line to standard error, and the exit code for it.
int fail(std::string_view message);

// Options of several verbs.
inline constexpr OptionSpec kClusterOption{
    "jobmanager,m", "HOST:PORT", "The cluster to speak to (default: what the configuration says)."};
inline constexpr OptionSpec kOutputOption{"output", "text|json",
                                          "How the answer is printed: for people (default) or as JSON."};
inline constexpr OptionSpec kHelpOption{"help,h", "", "Print this."};

/// Whether --output asks for JSON. Errors: it asks for something else.
[[nodiscard]] Result<bool> wants_json(const CommandLine& line);

// What they do; those that ask for one answer share a file. They need all of Weir, their words do not.
int run_program(const CommandLine& line);
int run_info(const CommandLine& line);
int run_list(const CommandLine& line);
int run_status(const CommandLine& line);
int run_cancel(const CommandLine& line);
int run_stop(const CommandLine& line);
int run_savepoint(const CommandLine& line);
int run_state(const CommandLine& line);
int run_drill(const CommandLine& line);

}  // namespace weir
