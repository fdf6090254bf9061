// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/result.h"

namespace weir::drill {

/// Ports of loopback that nobody uses, as the system chooses them, all different: for a server that can take
/// none by itself. Another process may be quicker to use one.
[[nodiscard]] Result<std::vector<std::uint16_t>> free_ports(std::size_t count);

}  // namespace weir::drill
