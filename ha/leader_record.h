// SPDX-License-Identifier: Apache-2.0
// What the leader writes into its node, so that it is found: a sealed record (base/sealed_file.h) of address
// and session.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "ha/ports.h"

namespace weir {

[[nodiscard]] std::string encode_leader(const LeaderAddress& leader);

/// Errors: Corrupt. `path` is for the message.
[[nodiscard]] Result<LeaderAddress> decode_leader(std::string_view bytes, const std::string& path);

}  // namespace weir
