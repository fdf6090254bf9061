// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "base/file_system.h"
#include "base/private_directory.h"
#include "base/result.h"
#include "base/sync.h"
#include "checkpoint/snapshot/file_storage.h"
#include "checkpoint/snapshot/memory_storage.h"
#include "checkpoint/state/byte_store.h"
#include "checkpoint/state/rocksdb_backend.h"

namespace weir {

/// In what the tasks of a worker keep state that is not on the heap, and with what they write checkpoints.
///
/// Threads: any. lock_ is held while the directory is made.
class StateEnvironment {
public:
  struct Options {
    std::string directory;  // on a fast local disk; empty: the system's for temporary files
    std::size_t inline_bytes = FileCheckpointStorage::kInlineBytes;  // more is a file of its own
    std::size_t most_memory_bytes = MemoryCheckpointStorage::kMostBytes;  // of one operator in one subtask
    // Of each RocksDB: one an operator and subtask.
    std::size_t memtable_bytes = std::size_t{64} << 20;
    std::size_t block_cache_bytes = std::size_t{64} << 20;
    FileSystem* files = nullptr;  // of checkpoints; outlives this; none: the machine's
  };

  explicit StateEnvironment(Options options) : options_(std::move(options)) {}

  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] FileSystem& files() { return options_.files == nullptr ? machine_files_ : *options_.files; }

  /// The path of a directory that is not there yet, on the disk for state. `name` is unique in this worker.
  [[nodiscard]] Result<std::string> fresh_directory(const std::string& name) WEIR_EXCLUDES(lock_);
  /// A RocksDB, gone with its directory when it is closed.
  [[nodiscard]] Result<std::unique_ptr<ByteStore>> open_store(const std::string& directory,
                                                              RocksDbOptions::Content content) const;

private:

  const Options options_;
  LocalFileSystem machine_files_;
  Mutex lock_;
  std::unique_ptr<PrivateDirectory> directory_ WEIR_GUARDED_BY(lock_);  // null until the first store
};

}  // namespace weir
