// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/sync.h"
#include "base/time.h"

namespace weir {

/// How a request to ZooKeeper ended.
enum class ZkOutcome : std::uint8_t {
  Done,
  // Not done: the tree is not as it was expected to be.
  NoNode,
  NodeExists,
  BadVersion,
  NotEmpty,
  // Not done, and never will be.
  NotAllowed,   // the node belongs to others, or the request makes no sense
  TooLarge,     // more than kMaxNodeBytes
  SessionOver,  // the session had ended before the request was sent
  // Done or not done: the connection broke before the answer came. Read, then decide.
  Unknown,
};

[[nodiscard]] std::string_view name_of(ZkOutcome outcome);

template <class T>
struct ZkReply {
  ZkOutcome outcome = ZkOutcome::Unknown;
  T value{};
  [[nodiscard]] bool is_done() const { return outcome == ZkOutcome::Done; }
};

struct ZkNode {
  std::string data;          // not of exists()
  std::int32_t version = 0;  // rises by one with each set
  std::int64_t created = 0;  // number of the transaction that made it
  std::int64_t owner = 0;    // the session with which it goes; 0: it stays
  bool operator==(const ZkNode&) const = default;
};

/// One step of a commit.
struct ZkOp {
  enum class Kind : std::uint8_t { Create, CreateEphemeral, Set, Remove, Check };
  static constexpr std::int32_t kAnyVersion = -1;

  Kind kind = Kind::Check;
  std::string path;
  std::string data;
  std::int32_t version = kAnyVersion;  // the node must have this one

  [[nodiscard]] static ZkOp create(std::string path, std::string data) {
    return {Kind::Create, std::move(path), std::move(data)};
  }
  [[nodiscard]] static ZkOp create_ephemeral(std::string path, std::string data) {
    return {Kind::CreateEphemeral, std::move(path), std::move(data)};
  }
  [[nodiscard]] static ZkOp set(std::string path, std::string data, std::int32_t version = kAnyVersion) {
    return {Kind::Set, std::move(path), std::move(data), version};
  }
  [[nodiscard]] static ZkOp remove(std::string path, std::int32_t version = kAnyVersion) {
    return {Kind::Remove, std::move(path), {}, version};
  }
  [[nodiscard]] static ZkOp check(std::string path, std::int32_t version) {
    return {Kind::Check, std::move(path), {}, version};
  }
};

/// Of a commit that was not done: which of its steps could not be.
struct ZkCommit {
  std::size_t failed_op = 0;
};

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
/// Threads: open(), renew() and the end by the owner, not on ZooKeeper's threads; all others by any.
///          Callbacks come on ZooKeeper's thread, or before the call returns: they hand over and return.
/// Errors:  every request is answered, and the answer says whether it was done.
class ZkClient {
public:
  static constexpr std::size_t kMaxNodeBytes = 64 << 10;  // what is longer belongs into a file

  struct Options {
    std::string hosts;              // "a:2181,b:2181,c:2181"; some may be unknown or down
    Duration session_timeout = 6s;  // asked for; the servers have limits
    std::string secret;             // "user:password" of whom nodes belong to; empty: to everybody
  };

  /// `listener` outlives the client. Errors: the list of hosts cannot be understood.
  [[nodiscard]] static Result<std::unique_ptr<ZkClient>> open(const Options& options, ZkListener& listener);
  /// Ends the session, if anybody can be told.
  ~ZkClient();
  ZkClient(const ZkClient&) = delete;
  ZkClient& operator=(const ZkClient&) = delete;

  /// Gives up the session, and begins another.
  [[nodiscard]] Status renew() WEIR_EXCLUDES(lock_);

  using OnNode = std::function<void(const ZkReply<ZkNode>&)>;
  using OnCommit = std::function<void(const ZkReply<ZkCommit>&)>;
  /// NoNode with `watch`: the listener hears when it is made.
  void exists(const std::string& path, bool watch, OnNode on_reply) WEIR_EXCLUDES(lock_);
  /// All steps are done, or none.
  void commit(std::vector<ZkOp> steps, OnCommit on_reply) WEIR_EXCLUDES(lock_);

  // The same for callers that can wait: until the answer, or until the session must be over.
  [[nodiscard]] ZkReply<ZkNode> exists(const std::string& path, bool watch = false);
  [[nodiscard]] ZkReply<ZkNode> get(const std::string& path);
  /// Names, not paths, sorted.
  [[nodiscard]] ZkReply<std::vector<std::string>> children(const std::string& path);
  [[nodiscard]] ZkReply<ZkCommit> commit(std::vector<ZkOp> steps);
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
