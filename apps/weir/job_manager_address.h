// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "apps/command_line.h"
#include "base/config.h"
#include "base/result.h"

namespace weir {

/// "host:port" of the JobManager that -m names, else the configuration. Pure.
/// Errors: one line that says what was expected.
[[nodiscard]] Result<std::string> job_manager_address(const CommandLine& line, const Config& config);

}  // namespace weir
