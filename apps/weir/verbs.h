// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "apps/command_line.h"

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

/// One line to standard error, and the exit code for it.
int fail(std::string_view message);

// The verbs, one file each.
extern const Verb kRunVerb;
extern const Verb kInfoVerb;

}  // namespace weir
