// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "network/blob/blob_wire.h"
#include "network/tcp/byte_stream.h"
#include "network/tcp/descriptor.h"
#include "network/tcp/link_identity.h"
#include "network/tcp/waiting_stream.h"

namespace weir {

/// What both ends of a blob connection are told.
struct BlobLinkOptions {
  LinkIdentity identity;             // cluster and token are equal at both ends
  Duration hello_timeout = 5s;       // to connect, and to be greeted
  Duration piece_timeout = 10s;      // for one piece of kPieceBytes: whoever is slower is hung up on
  std::shared_ptr<StreamFactory> streams;  // such as a TlsContext; null: plain TCP

  static constexpr std::size_t kPieceBytes = 64 << 10;
};

/// The one place where a blob connection is made of a socket. `stop` may be null, else outlives the stream.
[[nodiscard]] WaitingStream make_blob_stream(Descriptor connected, StreamSide side,
                                             const BlobLinkOptions& options, const StopSignal* stop);

[[nodiscard]] blob_wire::Hello hello_of(const LinkIdentity& identity);
/// Whether `theirs` is of our cluster.
[[nodiscard]] Status check_hello(const blob_wire::Hello& theirs, const LinkIdentity& ours);

}  // namespace weir
