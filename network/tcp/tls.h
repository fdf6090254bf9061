// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "base/tls_options.h"
#include "network/tcp/byte_stream.h"

namespace weir {

/// What a node shows to others and expects of them: TLS 1.2 or later, on both sides a certificate that the CA
/// signed and that names our cluster. Made once and shared by all connections.
///
/// A certificate names its cluster by a subject alternative name, the URI "urn:weir:cluster:NAME"; whatever
/// our own certificate says is our cluster. Host names are not looked at: within a cluster every node may be
/// anywhere.
///
/// Threads: any.
/// Errors:  a stream greets while it is first read and written. Whoever is not as expected is told so and the
///          stream answers Refused, with a reason.
class TlsContext final : public StreamFactory {
public:
  /// Errors: what is wrong with which file, and what to do: it is not there, not readable, no PEM, does not
  ///         fit
  /// the others, has expired, names no cluster; the key can be read by others.
  [[nodiscard]] static Result<std::shared_ptr<TlsContext>> load(const TlsOptions& options);
  ~TlsContext() override;

  /// `connected` must not block.
  [[nodiscard]] std::unique_ptr<ByteStream> wrap(Descriptor connected, StreamSide side) override;
  [[nodiscard]] const std::string& cluster() const;

private:
  struct State;
  explicit TlsContext(std::unique_ptr<State> state);

  const std::unique_ptr<State> state_;
};

}  // namespace weir
