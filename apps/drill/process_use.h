// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace weir::drill {

/// What a process holds of the machine, as /proc tells.
struct ProcessUse {
  std::size_t resident_bytes = 0;
  std::size_t descriptors = 0;
  std::size_t threads = 0;
};

}  // namespace weir::drill
