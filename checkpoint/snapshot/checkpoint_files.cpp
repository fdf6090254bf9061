// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/snapshot/checkpoint_files.h"

#include <set>
#include <string_view>

#include "checkpoint/snapshot/file_storage.h"

namespace weir {

std::vector<const StateHandle*> state_files_of(const CompletedCheckpoint& checkpoint) {
  std::vector<const StateHandle*> handles;
  for (const auto& [id, state] : checkpoint.operators) {
    for (const auto& [subtask, part] : state.subtasks) {
      if (!part.state.path.empty()) handles.push_back(&part.state);
      for (const StateHandle& shared : part.shared) handles.push_back(&shared);
    }
  }
  return handles;
}

Status check_files(FileSystem& files, const CompletedCheckpoint& checkpoint, FileCheck how) {
  std::set<std::string_view> seen;
  for (const StateHandle* handle : state_files_of(checkpoint)) {
    if (!seen.insert(handle->path).second) continue;
    if (how == FileCheck::Checksum) {
      if (Status right = verify_state(files, checkpoint.root, *handle); !right) return right;
    } else if (const auto opened = open_state(files, checkpoint.root, *handle); !opened) {
      return opened.error();
    }
  }
  return Status::ok();
}

}  // namespace weir
