// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "network/blob/blob_link.h"
#include "network/blob/blob_server.h"
#include "network/blob/blob_store.h"
#include "network/blob/blob_wire.h"
#include "network/tcp/waiting_stream.h"

namespace weir {

/// The server's side of one connection: a greeting, then requests until the client goes.
///
/// Threads: one, which waits.
class BlobSession {
public:
  /// All outlive this; `listener` may be null.
  BlobSession(WaitingStream stream, const BlobLinkOptions& options, BlobStore& store,
              BlobServerListener* listener)
      : stream_(std::move(stream)), options_(options), store_(store), listener_(listener) {}

  /// Until the connection is over. Errors: why it ended other than by the client's wish.
  [[nodiscard]] Status run();

private:
  [[nodiscard]] Status greet();
  [[nodiscard]] Status answer(const blob_wire::Request& request);
  [[nodiscard]] Status put(const blob_wire::Request& request);
  [[nodiscard]] Status get(const blob_wire::Request& request);
  [[nodiscard]] bool is_here(const BlobKey& key);
  [[nodiscard]] Status send_blob(const BlobKey& key, FileReader& file, std::uint64_t bytes);

  [[nodiscard]] Status reply(const blob_wire::Reply& reply);
  [[nodiscard]] Status refuse(const Error& error);
  [[nodiscard]] TimePoint piece_deadline() const { return SystemClock{}.now() + options_.piece_timeout; }

  WaitingStream stream_;
  const BlobLinkOptions& options_;
  BlobStore& store_;
  BlobServerListener* const listener_;
  std::vector<std::byte> piece_;  // empty until the hello was accepted
};

}  // namespace weir
