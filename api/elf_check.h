// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "api/abi.h"
#include "base/result.h"

namespace weir {

/// Reads a program's ABI record out of its file, without loading it.
///
/// Errors: one line that names the file: missing, too large, not an ELF shared library for this machine, or
///         without the record. Nothing in the file is believed.
[[nodiscard]] Result<AbiRecord> read_abi_record(const std::string& path);

/// Whether a program that was compiled like `theirs` can run in a process that was compiled like `ours`.
[[nodiscard]] Status check_abi(const std::string& path, const AbiRecord& theirs, const AbiRecord& ours);

}  // namespace weir
