// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "checkpoint/state/byte_store.h"

namespace weir {

/// State in RocksDB, for state that is larger than memory: a look-up costs microseconds instead of
/// nanoseconds, and the heap holds caches only.
struct RocksDbOptions {
  enum class Content : std::uint8_t {
    None,   // the directory must not exist
    Saved,  // it has the files of a store that was saved
  };

  std::string directory;  // what is in it is no checkpoint: it is removed at the end
  Content content = Content::None;
  std::size_t memtable_bytes = std::size_t{64} << 20;     // of all states together
  std::size_t block_cache_bytes = std::size_t{64} << 20;  // of all states together
};

/// Nothing in the store survives it: what must is in checkpoints. RocksDB is loaded into the process by the
/// first call: most jobs never need it, and its pages are some six megabytes.
///
/// Errors: names the directory and what RocksDB said, or why it could not be loaded.
[[nodiscard]] Result<std::unique_ptr<ByteStore>> open_rocksdb(const RocksDbOptions& options);

}  // namespace weir
