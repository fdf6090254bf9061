// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "network/tcp/link_options.h"

// What a test and the process wire_peer agree upon.
namespace weir::wire_peer {

inline LinkOptions link_options() {
  return {.identity = LinkIdentity{.cluster = {7, 7}, .node = {9, 9}, .token = {std::byte{42}}},
          .segment_bytes = kMinSegmentBytes};
}

inline ResultPartitionId partition() { return {.data_set = {1, 1}, .partition = 0, .producer = {2, 0}}; }

}  // namespace weir::wire_peer
