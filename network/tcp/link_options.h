// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "base/result.h"
#include "base/sync.h"
#include "base/time.h"
#include "memory/memory_segment.h"
#include "network/tcp/backoff.h"
#include "network/tcp/byte_stream.h"
#include "network/tcp/frame.h"
#include "network/tcp/link_identity.h"

namespace weir {

/// What both ends of the data links of a worker are told.
struct LinkOptions {
  std::optional<LinkIdentity> identity;  // none: the worker is in no cluster, and every link is refused
  std::uint32_t segment_bytes = kDefaultSegmentBytes;  // equal in all workers of a cluster
  Duration hello_timeout = 5s;     // whoever has not said hello by then is no peer
  Duration attempt_timeout = 5s;   // of one attempt to connect
  Backoff::Limits reconnect;       // when nobody listens yet
  Duration idle_timeout = 30s;     // a link that carries no stream is closed
  Duration silence = 2s;           // a peer that says nothing for so long, not even a ping, is gone
  std::uint32_t max_strangers = 64;  // connections at a time that have not said hello
  std::shared_ptr<StreamFactory> streams;  // such as a TlsContext; null: plain TCP
};

/// The options of the links that are made from now on. They differ from those of older links only in who the
/// worker is, which is known when it has joined a cluster.
///
/// Threads: any.
class CurrentLinkOptions {
public:
  explicit CurrentLinkOptions(LinkOptions options)
      : current_(std::make_shared<const LinkOptions>(std::move(options))) {}

  [[nodiscard]] std::shared_ptr<const LinkOptions> get() const WEIR_EXCLUDES(lock_);
  /// False: the worker was that already. Else links made before are of no use any more.
  [[nodiscard]] bool join_cluster(const LinkIdentity& identity) WEIR_EXCLUDES(lock_);

private:
  mutable Mutex lock_;
  std::shared_ptr<const LinkOptions> current_ WEIR_GUARDED_BY(lock_);
};

/// Of a worker that is in a cluster.
[[nodiscard]] wire::Hello hello_of(const LinkOptions& options);
[[nodiscard]] Error in_no_cluster();
/// Of a peer that said nothing for too long.
[[nodiscard]] Error silent(const LinkOptions& options);
/// Whether `theirs` is of our cluster. Takes as long for a token that is nearly right as for one that is not.
[[nodiscard]] Status check_hello(const wire::Hello& theirs, const LinkOptions& ours);
[[nodiscard]] std::unique_ptr<ByteStream> make_stream(Descriptor connected, StreamSide side,
                                                      const LinkOptions& options);

}  // namespace weir
