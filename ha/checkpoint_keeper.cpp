// SPDX-License-Identifier: Apache-2.0
#include "ha/checkpoint_keeper.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/log.h"
#include "checkpoint/snapshot/file_storage.h"
#include "checkpoint/snapshot/metadata.h"

namespace weir {
namespace {

constexpr std::string_view kLogger = "CheckpointKeeper";
constexpr std::string_view kDirectoryPrefix = "chk-";  // as directory_of() has it

void log_failure(const Status& done) {
  if (!done) log::warn(kLogger, done.error().what);
}

/// Below `root`. A path that leads out of it is not ours, whoever wrote it.
void remove_files(FileSystem& files, const std::string& root, const std::vector<std::string>& paths) {
  for (const std::string& path : paths)
    if (stays_below(path)) log_failure(files.remove(root + "/" + path));
}

void remove_if_empty(FileSystem& files, const std::string& directory) {
  const auto content = files.list(directory);
  if (content && content->empty()) log_failure(files.remove(directory));
}

std::vector<std::string> files_of(const CompletedCheckpoint& checkpoint) {
  std::vector<std::string> paths;
  for (const auto& [id, state] : checkpoint.operators) {
    for (const auto& [subtask, part] : state.subtasks) {
      if (!part.state.path.empty()) paths.push_back(part.state.path);
      for (const StateHandle& shared : part.shared) paths.push_back(shared.path);
    }
  }
  return paths;
}

}  // namespace

Result<std::vector<CompletedCheckpoint>> CheckpointKeeper::recover(const std::string& restore_path) {
  auto known = stores_.completed->recover();
  if (known && known->empty() && !restore_path.empty()) known = adopt(restore_path);
  if (!known || known->empty()) return known;
  if (const Status skipped = stores_.ids->skip_to(known->back().id); !skipped) return skipped.error();
  return known;
}

Result<std::vector<CompletedCheckpoint>> CheckpointKeeper::adopt(const std::string& path) {
  auto checkpoint = read_checkpoint(files_, path);
  if (!checkpoint) return checkpoint.error();
  if (const Status adopted = stores_.completed->adopt(*checkpoint); !adopted) return adopted.error();
  return std::vector{*std::move(checkpoint)};
}

Status CheckpointKeeper::write(const CompletedCheckpoint& checkpoint, bool may_be_restored) {
  if (!checkpoint.is_savepoint) return stores_.completed->add(checkpoint);
  Status written = write_metadata(files_, checkpoint);
  return written && may_be_restored ? stores_.completed->adopt(checkpoint) : written;
}

void CheckpointKeeper::remove(const CompletedCheckpoint& checkpoint, const std::vector<std::string>& files) {
  const Status removed = stores_.completed->remove(checkpoint);
  log_failure(removed);
  // What may come back needs its files.
  if (removed && checkpoint.root == root_) discard(checkpoint.root, checkpoint.directory, files);
}

void CheckpointKeeper::discard(const std::string& root, const std::string& directory,
                               const std::vector<std::string>& files) {
  if (root.empty()) return;
  remove_files(files_, root, files);
  remove_if_empty(files_, directory);
}

void CheckpointKeeper::close(bool keeps_checkpoints) {
  log_failure(stores_.ids->forget());
  if (root_.empty()) return;
  if (!keeps_checkpoints) remove_orphans();
  remove_if_empty(files_, root_ + "/shared");
  remove_if_empty(files_, root_);
}

/// What tasks wrote that died amid a checkpoint, and checkpoints of which a leader never learned whether they
/// were completed.
void CheckpointKeeper::remove_orphans() {
  const auto entries = files_.list(root_);
  if (!entries) return;  // there never was a file
  for (const std::string& entry : *entries) {
    if (!entry.starts_with(kDirectoryPrefix)) continue;  // not of a checkpoint
    const std::string directory = root_ + "/" + entry;
    const auto files = files_.list(directory);
    if (!files) continue;
    for (const std::string& file : *files) log_failure(files_.remove(directory + "/" + file));
    log_failure(files_.remove(directory));
  }
}

Status dispose_savepoint(FileSystem& files, const std::string& path) {
  const auto savepoint = read_checkpoint(files, path);
  if (!savepoint) return savepoint.error();
  if (!savepoint->is_savepoint)
    return Error{ErrorCode::Refused, path + " is a checkpoint, not a savepoint: its job deletes it"};
  // From here on it is none, so that nobody finds a part of one.
  Status removed = files.remove(savepoint->directory + "/" + std::string(kMetadataName));
  if (!removed) return removed;
  remove_files(files, savepoint->root, files_of(*savepoint));
  remove_if_empty(files, savepoint->directory);
  return Status::ok();
}

}  // namespace weir
