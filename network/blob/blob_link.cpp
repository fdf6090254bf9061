// SPDX-License-Identifier: Apache-2.0
#include "network/blob/blob_link.h"

#include <utility>

#include "network/tcp/socket.h"

namespace weir {

WaitingStream make_blob_stream(Descriptor connected, StreamSide side, const BlobLinkOptions& options,
                               const StopSignal* stop) {
  tune(connected, options.piece_timeout);
  auto stream = options.streams == nullptr ? make_plain_stream(std::move(connected))
                                           : options.streams->wrap(std::move(connected), side);
  return WaitingStream(std::move(stream), stop);
}

blob_wire::Hello hello_of(const LinkIdentity& identity) {
  return {.cluster = identity.cluster, .token = identity.token};
}

Status check_hello(const blob_wire::Hello& theirs, const LinkIdentity& ours) {
  const auto refused = [](std::string why) { return Error{ErrorCode::Refused, std::move(why), Blame::User}; };
  if (!equal_tokens(theirs.token, ours.token)) return refused("the blob server has another token");
  if (theirs.cluster == ours.cluster) return Status::ok();
  return refused("the blob server is of cluster " + ours.cluster.hex() + " and not of " +
                 theirs.cluster.hex());
}

}  // namespace weir
