// SPDX-License-Identifier: Apache-2.0
#include "ha/checkpoint_keeper.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/log.h"
#include "checkpoint/snapshot/checkpoint_files.h"
#include "checkpoint/snapshot/file_storage.h"
#include "checkpoint/snapshot/metadata.h"
#include "ha/orphans.h"

namespace weir {
namespace {

constexpr std::string_view kLogger = "CheckpointKeeper";
constexpr CheckpointId kAnyCheckpoint = std::numeric_limits<CheckpointId>::max();

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

std::vector<std::string> paths_of(const CompletedCheckpoint& checkpoint) {
  std::vector<std::string> paths;
  for (const StateHandle* file : state_files_of(checkpoint)) paths.push_back(file->path);
  return paths;
}

/// A disk comes back, an entry is mounted again; bytes that are spoilt stay so.
Error may_pass(Error why) {
  if (why.code != ErrorCode::Corrupt) why.retry = Retry::Later;
  return why;
}

}  // namespace

Result<std::vector<CompletedCheckpoint>> CheckpointKeeper::recover(const std::string& restore_path) {
  auto known = stores_.completed->recover();
  if (!known) return may_pass(known.error());
  if (known->empty() && !restore_path.empty()) known = adopt(restore_path);
  if (!known) return known;
  if (!known->empty()) {
    if (const Status skipped = stores_.ids->skip_to(known->back().id); !skipped)
      return may_pass(skipped.error());
  }
  known_ = *known;
  is_known_ = true;
  sweep();
  return known;
}

void CheckpointKeeper::sweep() {
  if (root_.empty() || !is_known_ || is_deposed_) return;
  const auto bound = stores_.ids->upcoming();
  if (!bound) return log_failure(bound.error());
  remove_orphans(files_, root_, known_, *bound);
  savepoints_.sweep(*bound, false);
}

Status CheckpointKeeper::check(const CompletedCheckpoint& checkpoint) {
  const Status whole = check_files(files_, checkpoint, FileCheck::Size);
  return whole ? whole : may_pass(whole.error());
}

Result<CheckpointId> CheckpointKeeper::next_id(const std::string& savepoint) {
  auto id = stores_.ids->next();
  if (!id || savepoint.empty() || root_.empty()) return id;
  // Without the record it can be taken all the same, and only stays if we die meanwhile.
  const Status begun = savepoints_.begin(*id, savepoint);
  log_failure(begun);
  if (begun) begun_.insert(*id);
  return id;
}

Result<std::vector<CompletedCheckpoint>> CheckpointKeeper::adopt(const std::string& path) {
  auto checkpoint = read_checkpoint(files_, path);
  if (!checkpoint) return checkpoint.error();
  if (const Status whole = check_files(files_, *checkpoint, FileCheck::Size); !whole) return whole.error();
  if (const Status adopted = stores_.completed->adopt(*checkpoint); !adopted) return adopted.error();
  return std::vector{*std::move(checkpoint)};
}

Status CheckpointKeeper::write(const CompletedCheckpoint& checkpoint, bool may_be_restored) {
  Status written = checkpoint.is_savepoint ? write_savepoint(checkpoint) : Status::ok();
  if (checkpoint.is_savepoint && (!written || !may_be_restored)) return written;
  written =
      checkpoint.is_savepoint ? stores_.completed->adopt(checkpoint) : stores_.completed->add(checkpoint);
  note(written);
  known_.push_back(checkpoint);  // an error may be the loss of the answer alone
  return written;
}

Status CheckpointKeeper::write_savepoint(const CompletedCheckpoint& savepoint) {
  const Status written = write_metadata(files_, savepoint);
  if (!written || begun_.erase(savepoint.id) == 0) return written;
  const Status completed = savepoints_.complete(savepoint.id);
  if (completed) return written;
  note(completed);
  log_failure(files_.remove(savepoint.directory + "/" + std::string(kMetadataName)));
  return completed;
}

void CheckpointKeeper::remove(const CompletedCheckpoint& checkpoint, const std::vector<std::string>& files) {
  const Status removed = stores_.completed->remove(checkpoint);
  log_failure(removed);
  note(removed);
  if (removed) std::erase_if(known_, [&](const auto& known) { return known.id == checkpoint.id; });
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
  if (keeps_checkpoints) sweep();
  const Status forgotten = stores_.ids->forget();
  log_failure(forgotten);
  note(forgotten);
  if (root_.empty()) return;
  if (!keeps_checkpoints && !is_deposed_) remove_orphans(files_, root_, {}, kAnyCheckpoint);
  if (!is_deposed_) savepoints_.sweep(kAnyCheckpoint, true);
  remove_if_empty(files_, root_ + "/shared");
  remove_if_empty(files_, root_);
}

Status dispose_savepoint(FileSystem& files, const std::string& path) {
  const auto savepoint = read_checkpoint(files, path);
  if (!savepoint) return savepoint.error();
  if (!savepoint->is_savepoint)
    return Error{ErrorCode::Refused, path + " is a checkpoint, not a savepoint: its job deletes it"};
  // From here on it is none, so that nobody finds a part of one.
  Status removed = files.remove(savepoint->directory + "/" + std::string(kMetadataName));
  if (!removed) return removed;
  remove_files(files, savepoint->root, paths_of(*savepoint));
  remove_if_empty(files, savepoint->directory);
  return Status::ok();
}

}  // namespace weir
