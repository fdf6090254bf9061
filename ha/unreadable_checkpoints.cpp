// SPDX-License-Identifier: Apache-2.0
#include "ha/unreadable_checkpoints.h"

#include "checkpoint/snapshot/checkpoint_files.h"
#include "checkpoint/snapshot/metadata.h"

namespace weir {

Result<CompletedCheckpoint> read_whole_checkpoint(FileSystem& files, const std::string& directory,
                                                  bool may_fall_back) {
  auto checkpoint = read_checkpoint(files, directory);
  if (!checkpoint) return checkpoint;
  const FileCheck how = may_fall_back ? FileCheck::Checksum : FileCheck::Size;
  if (Status whole = check_files(files, *checkpoint, how); !whole) return whole.error();
  return checkpoint;
}

Status may_start_without(const std::vector<UnreadableCheckpoint>& broken, std::size_t count,
                         bool may_fall_back) {
  if (broken.empty()) return Status::ok();
  for (const UnreadableCheckpoint& one : broken)
    if (one.why.code != ErrorCode::Corrupt && one.why.code != ErrorCode::NotFound)
      return one.why;
  const bool is_one_left = broken.size() < count;
  if (broken.back().index + 1 < count || (may_fall_back && is_one_left)) return Status::ok();
  Error why = broken.back().why;
  if (is_one_left)
    why.what += "; an older checkpoint would repeat what was committed since. If that is right, set "
                "state.checkpoints.fall-back: true";
  return why;
}

}  // namespace weir
