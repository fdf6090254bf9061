// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/snapshot/handles.h"

namespace weir {

/// Which files of a store need not be uploaded again, because they lie in a checkpoint that will still be
/// there when the next one is complete. What was uploaded for a checkpoint of which nobody has said that it
/// is complete may be gone at any time; and whoever is told late must not name what is about to go.
///
/// So a file is named again only if the latest checkpoint that is known to be complete has it, and every one
/// that was taken since has it in the same place: whichever of them replaces the others keeps it.
///
/// Threads: the task's.
class SharedFiles {
public:
  using Files = std::map<std::string, StateHandle>;  // by name in the store

  /// Starts anew from a complete checkpoint, with what it has below this root.
  void restore(CheckpointId checkpoint, std::string root, Files files);
  /// A checkpoint of all these files was handed in.
  void add(CheckpointId checkpoint, const std::string& root, Files files);
  void on_complete(CheckpointId checkpoint);
  void on_aborted(CheckpointId checkpoint);

  /// Where that file lies below this root; null: it must be uploaded.
  [[nodiscard]] const StateHandle* find(const std::string& root, const std::string& name) const;

private:
  std::string root_;
  std::map<CheckpointId, Files> taken_;
  std::optional<CheckpointId> complete_;  // the latest, which is the first of taken_
};

}  // namespace weir
