// SPDX-License-Identifier: Apache-2.0
// What is kept, what is deleted, and which files several checkpoints still share.
#include <algorithm>
#include <utility>

#include "checkpoint/coordinator/checkpoint_coordinator.h"
#include "checkpoint/snapshot/file_storage.h"

namespace weir {
namespace {

bool names(const CompletedCheckpoint& checkpoint, const std::string& shared_path) {
  for (const auto& [id, member] : checkpoint.operators) {
    for (const auto& [subtask, state] : member.subtasks) {
      const auto has_it = [&](const StateHandle& file) { return file.path == shared_path; };
      if (std::any_of(state.shared.begin(), state.shared.end(), has_it)) return true;
    }
  }
  return false;
}

}  // namespace

/// Deletes only what this job wrote for itself: no savepoint, and nothing of the job that it continues.
bool CheckpointCoordinator::is_ours(const CompletedCheckpoint& checkpoint) const {
  return !checkpoint.is_savepoint && checkpoint.root == options_.root;
}

bool CheckpointCoordinator::is_shared_still(const std::string& path) const {
  const auto is_named = [&](const CompletedCheckpoint& c) { return is_ours(c) && names(c, path); };
  return std::any_of(retained_.begin(), retained_.end(), is_named) ||
         std::any_of(pending_.begin(), pending_.end(),
                     [&](const auto& pending) { return is_named(pending.second.content()); });
}

std::vector<std::string> CheckpointCoordinator::files_of(const OperatorSnapshot& state) const {
  std::vector<std::string> files;
  if (!state.state.path.empty()) files.push_back(state.state.path);
  for (const StateHandle& shared : state.shared)
    if (!is_shared_still(shared.path)) files.push_back(shared.path);
  return files;
}

std::vector<std::string> CheckpointCoordinator::files_of(const CompletedCheckpoint& checkpoint) const {
  std::vector<std::string> files;
  for (const auto& [id, member] : checkpoint.operators) {
    for (const auto& [subtask, state] : member.subtasks) {
      for (std::string& file : files_of(state)) files.push_back(std::move(file));
    }
  }
  std::sort(files.begin(), files.end());
  files.erase(std::unique(files.begin(), files.end()), files.end());
  return files;
}

void CheckpointCoordinator::discard(const CompletedCheckpoint& checkpoint) {
  out_.discard(checkpoint.root, checkpoint.directory, files_of(checkpoint));
}

void CheckpointCoordinator::discard_late(CheckpointId id, const TaskSnapshot& snapshot) {
  for (const CompletedCheckpoint& known : retained_)
    if (known.id == id) return;  // said twice: the files are in use
  std::vector<std::string> files;
  for (const auto& [member, state] : snapshot.operators)
    for (std::string& file : files_of(state)) files.push_back(std::move(file));
  // A late one of a savepoint lies elsewhere; what it wrote went with the savepoint's directory.
  if (!files.empty() && !options_.root.empty())
    out_.discard(options_.root, options_.root + "/" + directory_of(id), files);
}

void CheckpointCoordinator::remove(const CompletedCheckpoint& checkpoint) {
  out_.remove(checkpoint, is_ours(checkpoint) ? files_of(checkpoint) : std::vector<std::string>());
}

void CheckpointCoordinator::retain(const CompletedCheckpoint& checkpoint) {
  const auto later = std::find_if(retained_.begin(), retained_.end(),
                                  [&](const CompletedCheckpoint& known) { return known.id > checkpoint.id; });
  retained_.insert(later, checkpoint);
  while (retained_.size() > (end_ ? 0 : options_.retained)) drop_oldest();
}

void CheckpointCoordinator::drop_oldest() {
  const CompletedCheckpoint oldest = std::move(retained_.front());
  retained_.pop_front();
  if (!end_ || !keeps_checkpoints()) remove(oldest);
}

bool CheckpointCoordinator::keeps_checkpoints() const {
  return !end_ || *end_ == JobEnd::Suspended ||
         (*end_ != JobEnd::Finished && options_.settings.retain_on_cancel);
}

void CheckpointCoordinator::on_job_over(JobEnd end) {
  on_round_ended("it is over");
  end_ = end;
  while (!retained_.empty()) drop_oldest();
}

}  // namespace weir
