// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "checkpoint/state/rocksdb_backend.h"

namespace weir {

/// What the module libweir_rocksdb has for us, under the name kOpenRocksDb.
using OpenRocksDb = void(const RocksDbOptions& options, Result<std::unique_ptr<ByteStore>>& opened);
inline constexpr const char* kOpenRocksDb = "weir_open_rocksdb";

/// Loads the module, once and for good.
///
/// Threads: any.
/// Errors:  names the file, and what of it or below it is missing.
[[nodiscard]] Result<OpenRocksDb*> load_rocksdb_module(const std::string& file);

}  // namespace weir
