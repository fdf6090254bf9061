// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>

#include "base/ids.h"

namespace weir {

using ClusterId = Id<struct ClusterTag>;
/// A secret that all nodes of a cluster share. Whoever has it may read partitions and put libraries.
using LinkToken = std::array<std::byte, 32>;

}  // namespace weir
