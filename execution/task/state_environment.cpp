// SPDX-License-Identifier: Apache-2.0
#include "execution/task/state_environment.h"

#include <filesystem>
#include <system_error>

namespace weir {

Result<std::string> StateEnvironment::fresh_directory(const std::string& name) {
  MutexLock held(lock_);
  if (!directory_) {
    std::error_code problem;
    const std::string parent = options_.directory.empty()
                                   ? std::filesystem::temp_directory_path(problem).string()
                                   : options_.directory;
    if (problem) {
      return Error{ErrorCode::IoFailure, "there is no directory for temporary files: set io.tmp.dirs",
                   Blame::Environment};
    }
    auto made = PrivateDirectory::make(parent, "weir-state");
    if (!made) return made.error();
    directory_ = *std::move(made);
  }
  return directory_->path() + "/" + name;
}

Result<std::unique_ptr<ByteStore>> StateEnvironment::open_store(const std::string& directory,
                                                                RocksDbOptions::Content content) const {
  return open_rocksdb({.directory = directory,
                       .content = content,
                       .memtable_bytes = options_.memtable_bytes,
                       .block_cache_bytes = options_.block_cache_bytes});
}

}  // namespace weir
