// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/time.h"
#include "execution/operators/source.h"

namespace weir {

/// The lines that a TCP server sends, until it closes the connection. At most once: a socket cannot be read
/// again.
///
/// Errors: throws std::runtime_error that names host and port when it cannot connect, or when the connection
///         breaks, and all retries are used up.
class SocketTextSource final : public SourceFunction<std::string> {
public:
  struct Options {
    std::string host = "127.0.0.1";
    std::uint16_t port = 9000;
    std::uint32_t max_retries = 0;       // how often to connect again after the first time
    Duration retry_pause = 500ms;
  };

  static constexpr bool kCanStop = true;

  explicit SocketTextSource(Options options) : options_(std::move(options)) {}
  void run(SourceContext<std::string>& context) override;

private:
  const Options options_;
};

}  // namespace weir
