// SPDX-License-Identifier: Apache-2.0
#include "network/tcp/link_options.h"

#include <string>
#include <utility>

#include "network/tcp/socket.h"

namespace weir {

namespace {

bool is_same(const LinkIdentity& a, const LinkIdentity& b) {
  return a.cluster == b.cluster && a.node == b.node && equal_tokens(a.token, b.token);
}

Error refused(std::string why) {
  return {.code = ErrorCode::Refused, .what = std::move(why), .blame = Blame::User};
}

}  // namespace

std::shared_ptr<const LinkOptions> CurrentLinkOptions::get() const {
  MutexLock held(lock_);
  return current_;
}

bool CurrentLinkOptions::join_cluster(const LinkIdentity& identity) {
  MutexLock held(lock_);
  if (current_->identity && is_same(*current_->identity, identity)) return false;
  auto joined = *current_;
  joined.identity = identity;
  current_ = std::make_shared<const LinkOptions>(std::move(joined));
  return true;
}

wire::Hello hello_of(const LinkOptions& options) {
  WEIR_CHECK(options.identity.has_value(), "only a worker of a cluster says hello");
  return {.segment_bytes = options.segment_bytes,
          .cluster = options.identity->cluster,
          .node = options.identity->node,
          .token = options.identity->token};
}

Error in_no_cluster() {
  return {.code = ErrorCode::Refused,
          .what = "the worker has not joined a cluster yet",
          .blame = Blame::Environment,
          .retry = Retry::Later};
}

Error silent(const LinkOptions& options) {
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(options.silence).count();
  return {.code = ErrorCode::ConnectionLost,
          .what = "it has said nothing for " + std::to_string(millis) + " ms",
          .blame = Blame::Environment,
          .retry = Retry::Later};
}

Status check_hello(const wire::Hello& theirs, const LinkOptions& ours) {
  if (!ours.identity) return in_no_cluster();
  if (!equal_tokens(theirs.token, ours.identity->token))
    return refused("the two workers have different tokens");
  if (theirs.cluster != ours.identity->cluster) {
    return refused("the two workers are of different clusters, " + theirs.cluster.hex() + " and " +
                   ours.identity->cluster.hex());
  }
  if (theirs.segment_bytes != ours.segment_bytes) {
    return refused("the two workers have segments of different size, " +
                   std::to_string(theirs.segment_bytes) + " and " + std::to_string(ours.segment_bytes) +
                   " bytes: taskmanager.memory.segment-size must be the same everywhere");
  }
  return Status::ok();
}

std::unique_ptr<ByteStream> make_stream(Descriptor connected, StreamSide side, const LinkOptions& options) {
  tune(connected, options.silence);
  return options.streams == nullptr ? make_plain_stream(std::move(connected))
                                    : options.streams->wrap(std::move(connected), side);
}

}  // namespace weir
