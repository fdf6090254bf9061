// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/sync.h"
#include "base/time.h"
#include "ha/zk_tree.h"

namespace weir {

/// One session: what a node that goes with it is owned by. Whoever has the password can end it.
struct ZkSession {
  std::int64_t id = 0;  // 0: there is none yet
  std::string password;
  Duration timeout{};   // as the servers agreed to
};

enum class ZkSessionState : std::uint8_t {
  Connected,
  Suspended,   // nobody answers; the session may still be alive
  Expired,     // it is over, and so are its nodes and watches: renew()
  AuthFailed,  // the servers do not take the secret
};

/// Who hears of the session and of watched nodes. A port.
///
/// Threads: ZooKeeper's, one call at a time; must hand over and return.
/// Order:   the same state may come twice.
class ZkListener {
public:
  virtual ~ZkListener() = default;
  virtual void on_session(ZkSessionState state, const ZkSession& session) = 0;
  /// A node that was watched was made, changed or removed. It is not watched any more.
  virtual void on_changed(const std::string& path) = 0;
};

/// A connection to ZooKeeper, and the session over it. It connects by itself, again and again; what is asked
/// in between ends as Unknown.
///
/// Threads: open(), renew(), close() and the end by the owner, not on ZooKeeper's threads; all others by any.
///          Callbacks come on ZooKeeper's thread, or before the call returns: they hand over and return.
/// Errors:  every request is answered, and the answer says whether it was done.
class ZkClient final : public ZkTree {
public:
  struct Options {
    std::string hosts;              // "a:2181,b:2181,c:2181"; some may be unknown or down
    Duration session_timeout = 6s;  // asked for; the servers have limits
    std::string secret;             // "user:password" of whom nodes belong to; empty: to everybody
  };

  /// `listener` outlives the client. Errors: the list of hosts cannot be understood.
  [[nodiscard]] static Result<std::unique_ptr<ZkClient>> open(const Options& options, ZkListener& listener);
  /// Ends the session, if anybody can be told.
  ~ZkClient() override;
  ZkClient(const ZkClient&) = delete;
  ZkClient& operator=(const ZkClient&) = delete;

  /// Ends the session, if anybody can be told. All that is asked afterwards ends as SessionOver.
  void close() WEIR_EXCLUDES(lock_);
  /// Gives up the session, and begins another.
  [[nodiscard]] Status renew() WEIR_EXCLUDES(lock_);

  using OnNode = std::function<void(const ZkReply<ZkNode>&)>;
  using OnCommit = std::function<void(const ZkReply<ZkCommit>&)>;
  /// NoNode with `watch`: the listener hears when it is made.
  void exists(const std::string& path, bool watch, OnNode on_reply) WEIR_EXCLUDES(lock_);
  /// All steps are done, or none.
  void commit(std::vector<ZkOp> steps, OnCommit on_reply) WEIR_EXCLUDES(lock_);

  // ZkTree: for callers that can wait until the answer, or until the session must be over.
  [[nodiscard]] ZkReply<ZkNode> exists(const std::string& path) override { return exists(path, false); }
  [[nodiscard]] ZkReply<ZkNode> get(const std::string& path) override;
  [[nodiscard]] ZkReply<std::vector<std::string>> children(const std::string& path) override;
  [[nodiscard]] ZkReply<ZkCommit> commit(std::vector<ZkOp> steps) override;
  /// The same, and the node is watched.
  [[nodiscard]] ZkReply<ZkNode> exists(const std::string& path, bool watch);
  /// Makes a node and those above it, each empty, unless they are there.
  [[nodiscard]] ZkOutcome make_path(const std::string& path);

  /// Ends a session whose owner is known to be dead, so that its nodes go at once. Errors: nobody could be
  /// told before `patience` was over.
  [[nodiscard]] static Status end_session(const std::string& hosts, const ZkSession& session,
                                          Duration patience);

private:
  class Session;
  ZkClient(Options options, ZkListener& listener) : options_(std::move(options)), listener_(listener) {}

  [[nodiscard]] std::shared_ptr<Session> session() WEIR_EXCLUDES(lock_);
  template <class T, class Begin>
  [[nodiscard]] ZkReply<T> await(Begin begin);

  const Options options_;
  ZkListener& listener_;
  Mutex lock_;
  std::shared_ptr<Session> session_ WEIR_GUARDED_BY(lock_);
};

}  // namespace weir
