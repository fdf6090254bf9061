// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/sync.h"
#include "base/thread.h"
#include "base/time.h"
#include "network/blob/blob_link.h"
#include "network/blob/blob_store.h"
#include "network/tcp/descriptor.h"
#include "network/tcp/waiting_stream.h"

namespace weir {

/// Hears what the blob server does. A port: the JobManager's side decides what is kept.
///
/// Threads: the server's, several at once.
class BlobServerListener {
public:
  virtual ~BlobServerListener() = default;
  /// A client has put this blob; it may have been there before.
  virtual void on_stored(const BlobKey& key) = 0;
  /// Every BlobServer::kTick, as long as a connection more could be served.
  virtual void on_tick(TimePoint now) = 0;
};

/// Lets the workers and clients of one cluster put blobs into a store and get them.
///
/// Each connection has a thread while it lasts. When there are as many as allowed, the next ones wait to be
/// accepted; a connection that is silent does not last.
///
/// Threads: made and ended by one; ending hangs up on everyone.
/// Errors:  start() says why it cannot listen. Clients are told theirs; who is no client is counted, hung up
///          on and logged, the first ones each and then a few.
class BlobServer {
public:
  struct Options {
    std::string bind_address = "127.0.0.1";
    std::uint16_t port = 0;  // 0: any free one
    std::uint32_t max_connections = 32;
    BlobLinkOptions link;
  };
  static constexpr Duration kTick = 10s;

  /// `store` and `listener` outlive the server; `listener` may be null.
  [[nodiscard]] static Result<std::unique_ptr<BlobServer>> start(Options options, BlobStore& store,
                                                                 BlobServerListener* listener = nullptr);
  ~BlobServer();
  BlobServer(const BlobServer&) = delete;
  BlobServer& operator=(const BlobServer&) = delete;

  /// "host:port"
  [[nodiscard]] const std::string& address() const { return address_; }
  /// Connections that are being served.
  [[nodiscard]] std::uint32_t connections() const WEIR_EXCLUDES(lock_);
  /// Connections that ended other than by the client's wish.
  [[nodiscard]] std::uint64_t broken_connections() const { return broken_; }

private:
  BlobServer(Options options, BlobStore& store, BlobServerListener* listener, Descriptor socket,
             std::string address);

  void add_thread() WEIR_REQUIRES(lock_);
  void accept_and_serve();
  void serve(Accepted accepted);
  void begin_serving() WEIR_EXCLUDES(lock_);
  void end_serving() WEIR_EXCLUDES(lock_);
  void tick_if_due();
  void note_broken(const std::string& peer, const Error& why);

  const Options options_;
  BlobStore& store_;
  BlobServerListener* const listener_;
  const Descriptor socket_;
  const std::string address_;
  StopSignal stop_;
  std::atomic<TimePoint> next_tick_;
  std::atomic<std::uint64_t> broken_ = 0;

  mutable Mutex lock_;
  std::uint32_t serving_ WEIR_GUARDED_BY(lock_) = 0;
  std::vector<Thread> threads_ WEIR_GUARDED_BY(lock_);  // at least one more than serving_, up to the limit
};

}  // namespace weir
