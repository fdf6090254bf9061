// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"
#include "checkpoint/snapshot/completed_checkpoint.h"
#include "checkpoint/snapshot/entry_format.h"
#include "checkpoint/snapshot/state_file.h"

namespace weir {

/// One state of one operator, over all subtasks.
struct SavedState {
  StateInfo info;
  bool is_readable = true;  // false: it may lie in files of RocksDB, and nobody opens them here
  std::uint64_t entry_count = 0;
  std::uint64_t bytes = 0;  // of its entries
};

/// What a checkpoint has of one operator.
struct SavedOperator {
  OperatorId id;
  std::string name;
  std::string uid;  // empty: the id was generated
  std::uint32_t parallelism = 1;
  std::uint32_t max_parallelism = 128;
  std::uint64_t shared_bytes = 0;  // of files that it shares with other checkpoints
  std::vector<SavedState> states;  // by name

  /// `operator "sum" (uid "totals")`
  [[nodiscard]] std::string told() const;
};

inline constexpr KeyGroupRange kAllKeyGroups{0, std::numeric_limits<KeyGroup>::max() - 1};

/// State that lies in files of a store, as that of an incremental checkpoint does. A port: who knows the
/// store stands behind it.
class SavedStores {
public:
  virtual ~SavedStores() = default;
  /// What a part of a checkpoint that names such files has in them, as a state file.
  [[nodiscard]] virtual Result<StateFile> open(const std::string& root, const OperatorSnapshot& part) = 0;
};

/// A checkpoint or savepoint, read without the program that wrote it: files say what is in them.
///
/// Of a broadcast map, which all subtasks hold alike, one copy is read.
///
/// Threads: one.
/// Unit:    holds one block of a file at a time, however large the state is.
/// Errors:  one line that names the file: it is not there, cut off, damaged, or of another version; or the
///          operator and state, whose types only the program can read.
class SavepointReader {
public:
  using Visit = std::function<void(const SavedEntry&, const EntryFormat&)>;

  /// `path`: its directory, or its metadata. `stores` outlives this; null: what lies in them is refused.
  [[nodiscard]] static Result<SavepointReader> open(FileSystem& files, const std::string& path,
                                                    SavedStores* stores = nullptr);

  [[nodiscard]] const CompletedCheckpoint& checkpoint() const { return checkpoint_; }

  /// The operator with this uid, this id (its first digits are enough), or this name. Errors: there is none,
  /// or several.
  [[nodiscard]] Result<OperatorId> find(std::string_view who) const;
  /// Reads the indices of the operator's files. `id` is one of the checkpoint's.
  [[nodiscard]] Result<SavedOperator> describe(OperatorId id) const;
  /// Reads the entries of a state that lie in these key groups; of state without keys, all.
  [[nodiscard]] Status for_each(const SavedOperator& of, const StateInfo& state, const Visit& visit,
                                KeyGroupRange groups = kAllKeyGroups) const;

private:
  SavepointReader(FileSystem& files, SavedStores* stores, CompletedCheckpoint checkpoint)
      : files_(&files), stores_(stores), checkpoint_(std::move(checkpoint)) {}

  [[nodiscard]] Result<StateFile> open_file(const StateHandle& handle) const;
  /// All of a part's that can be opened here: its state file, and what its store has.
  [[nodiscard]] Result<std::vector<StateFile>> open_files(const OperatorSnapshot& part) const;
  [[nodiscard]] Status add(SavedOperator& to, const OperatorSnapshot& part) const;

  FileSystem* files_;    // outlives this
  SavedStores* stores_;  // the same, or null
  CompletedCheckpoint checkpoint_;
};

}  // namespace weir
