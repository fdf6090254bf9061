// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "base/result.h"
#include "base/time.h"
#include "memory/memory_segment.h"
#include "network/tcp/backoff.h"
#include "network/tcp/byte_stream.h"
#include "network/tcp/frame.h"
#include "network/tcp/link_identity.h"

namespace weir {

/// What both ends of the data links of a worker are told.
struct LinkOptions {
  LinkIdentity identity;
  std::uint32_t segment_bytes = kDefaultSegmentBytes;  // equal in all workers of a cluster
  Duration hello_timeout = 10s;    // whoever has not said hello by then is no peer
  Duration attempt_timeout = 5s;   // of one attempt to connect
  Backoff::Limits reconnect;       // when nobody listens yet
  Duration idle_timeout = 30s;     // a link that carries no stream is closed
  Duration silence = 10s;          // a peer that does not acknowledge for so long is gone
  std::uint32_t max_strangers = 64;  // connections at a time that have not said hello
  StreamFactory* streams = nullptr;  // outlives the links; null: plain TCP
};

[[nodiscard]] wire::Hello hello_of(const LinkOptions& options);
/// Whether `theirs` is of our cluster. Takes as long for a token that is nearly right as for one that is not.
[[nodiscard]] Status check_hello(const wire::Hello& theirs, const LinkOptions& ours);
[[nodiscard]] std::unique_ptr<ByteStream> make_stream(Descriptor connected, StreamSide side,
                                                      const LinkOptions& options);

}  // namespace weir
