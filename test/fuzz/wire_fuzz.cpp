// SPDX-License-Identifier: Apache-2.0
// The first bytes of a data link and all that follow: frames, or a refusal.
#include <cstddef>
#include <cstdint>
#include <span>

#include "test/fuzz/wire_frames.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  (void)weir::fuzz::read_frames(std::as_bytes(std::span(data, bytes)));
  return 0;
}
