// SPDX-License-Identifier: Apache-2.0
// The first bytes of a data link and all that follow: frames, or a refusal.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "test/fuzz/target.h"
#include "test/fuzz/wire_frames.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  (void)weir::fuzz::read_frames(std::as_bytes(std::span(data, bytes)));
  return 0;
}

std::vector<std::string> weir::fuzz::seeds() {
  const auto bytes_of = [](const wire::Frame& frame) {
    const auto encoded = wire::encode(frame);
    std::string bytes("\1");  // how it is cut
    for (const std::byte b : encoded.bytes()) bytes += static_cast<char>(b);
    return bytes;
  };
  return {bytes_of(wire::Hello{}), bytes_of(wire::PartitionRequest{}), bytes_of(wire::AddCredit{}),
          bytes_of(wire::Event{}), bytes_of(wire::Failure{}), bytes_of(wire::Close{}),
          bytes_of(wire::Ping{})};
}
