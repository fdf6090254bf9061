// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "base/result.h"
#include "checkpoint/state/byte_store.h"

namespace weir {

/// State in RocksDB, for state that is larger than memory: a look-up costs microseconds instead of
/// nanoseconds, and the heap holds caches only.
struct RocksDbOptions {
  std::string directory;  // made; must not exist. What is in it is no checkpoint: it is removed at the end
  std::size_t memtable_bytes = std::size_t{64} << 20;     // of all states together
  std::size_t block_cache_bytes = std::size_t{64} << 20;  // of all states together
};

/// A fresh store. Nothing in it is synced: what must survive is in checkpoints.
///
/// Errors: names the directory and what RocksDB said.
[[nodiscard]] Result<std::unique_ptr<ByteStore>> open_rocksdb(const RocksDbOptions& options);

}  // namespace weir
