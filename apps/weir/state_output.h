// SPDX-License-Identifier: Apache-2.0
// What a savepoint holds, as text for people and as JSON for scripts. Pure.
#pragma once

#include <string>
#include <vector>

#include "checkpoint/snapshot/savepoint_diff.h"
#include "checkpoint/snapshot/savepoint_reader.h"

namespace weir {

/// A heading, and a table of operators and their states.
[[nodiscard]] std::string states_text(const CompletedCheckpoint& checkpoint,
                                      const std::vector<SavedOperator>& operators);
/// {"job","id","savepoint","triggered","operators":[{"id","name","uid","parallelism","max-parallelism",
/// "states":[{"name","kind","expires","key","namespace","value","readable","entries","bytes"}]}]}
[[nodiscard]] std::string states_json(const CompletedCheckpoint& checkpoint,
                                      const std::vector<SavedOperator>& operators);

/// operator, state, key and value, with tabs between; a list has no keys.
[[nodiscard]] std::string entry_text(const SavedOperator& of, const SavedEntry& entry,
                                     const EntryFormat& format);
/// {"operator","state","subtask","group","key","namespace","last-used","value"}; what there is of them.
[[nodiscard]] std::string entry_json(const SavedOperator& of, const SavedEntry& entry,
                                     const EntryFormat& format);

/// `+`, `-` or `~`, then what came, went or changed.
[[nodiscard]] std::string change_text(const SavedOperator& of, const StateInfo* state,
                                      const StateChange& change);
/// {"change","operator","state","key","namespace","old","new"}; what there is of them.
[[nodiscard]] std::string change_json(const SavedOperator& of, const StateInfo* state,
                                      const StateChange& change);

}  // namespace weir
