// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/result.h"

namespace weir {

/// The SHA-256 of a file's content as 64 lower-case hex digits. Errors: names the file and what went wrong.
[[nodiscard]] Result<std::string> sha256_of_file(const std::string& path);

}  // namespace weir
