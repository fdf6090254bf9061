// SPDX-License-Identifier: Apache-2.0
// The files of a store that was saved into a checkpoint.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"
#include "checkpoint/snapshot/handles.h"
#include "checkpoint/snapshot/savepoint_reader.h"

namespace weir {

/// What a file that a checkpoint names is called in its store. Empty: it is none of a store.
[[nodiscard]] std::string name_in_store(const std::string& path);

/// Brings the files of a saved store into `directory`, which is made, and checks each against its checksum.
[[nodiscard]] Status fetch_store(FileSystem& files, const std::string& root,
                                 const std::vector<StateHandle>& shared, const std::string& directory);

/// Reads saved stores of RocksDB without the program that filled them: fetches one, and puts its rows into a
/// state file beside it.
///
/// Threads: one.
/// Unit:    what was fetched stays in the folder, once as a state file, until somebody removes it.
class FetchedStores final : public SavedStores {
public:
  /// `files` outlives this. `folder`: of this machine, with room for all stores that are asked for.
  FetchedStores(FileSystem& files, std::string folder) : files_(files), folder_(std::move(folder)) {}

  [[nodiscard]] Result<StateFile> open(const std::string& root, const OperatorSnapshot& part) override;

private:
  [[nodiscard]] Result<StateHandle> fetch(const std::string& root, const OperatorSnapshot& part);

  FileSystem& files_;
  LocalFileSystem local_;
  const std::string folder_;
  std::map<std::string, StateHandle> fetched_;  // by the path of the store's first file
};

}  // namespace weir
