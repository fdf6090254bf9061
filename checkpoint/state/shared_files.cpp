// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/state/shared_files.h"

#include <algorithm>
#include <utility>

namespace weir {

void SharedFiles::restore(CheckpointId checkpoint, std::string root, Files files) {
  root_ = std::move(root);
  taken_ = {{checkpoint, std::move(files)}};
  complete_ = checkpoint;
}

void SharedFiles::add(CheckpointId checkpoint, const std::string& root, Files files) {
  if (root != root_) {
    taken_.clear();
    complete_.reset();
    root_ = root;
  }
  taken_[checkpoint] = std::move(files);
}

void SharedFiles::on_complete(CheckpointId checkpoint) {
  const auto found = taken_.find(checkpoint);
  if (found == taken_.end() || (complete_ && *complete_ >= checkpoint)) return;
  taken_.erase(taken_.begin(), found);
  complete_ = checkpoint;
}

void SharedFiles::on_aborted(CheckpointId checkpoint) {
  if (complete_ != checkpoint) taken_.erase(checkpoint);
}

const StateHandle* SharedFiles::find(const std::string& root, const std::string& name) const {
  if (!complete_ || root != root_) return nullptr;
  const StateHandle* known = nullptr;
  for (const auto& [checkpoint, files] : taken_) {
    const auto found = files.find(name);
    if (found == files.end() || (known != nullptr && *known != found->second)) return nullptr;
    known = &found->second;
  }
  return known;
}

}  // namespace weir
