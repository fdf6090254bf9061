// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/result.h"
#include "checkpoint/snapshot/state_block.h"

namespace weir {

/// "reducing state string -> i64", for messages.
[[nodiscard]] std::string told(const StateInfo& state);

/// Whether state that was written as `from` can be restored as `to`, of the same name. Keys must be written
/// alike, values be compatible() (memory/schema.h). Errors: names state, field, old and new type.
[[nodiscard]] Status compatible(const StateInfo& from, const StateInfo& to);

}  // namespace weir
