// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "network/tcp/byte_stream.h"

struct ssl_ctx_st;

namespace weir {

/// A connection under the rules of `context`, which it keeps. For TlsContext.
[[nodiscard]] std::unique_ptr<ByteStream> make_tls_stream(ssl_ctx_st& context, Descriptor connected,
                                                          StreamSide side);

}  // namespace weir
