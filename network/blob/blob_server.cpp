// SPDX-License-Identifier: Apache-2.0
#include "network/blob/blob_server.h"

#include <utility>

#include "base/log.h"
#include "network/blob/blob_session.h"
#include "network/tcp/socket.h"

namespace weir {

namespace {

/// How long nothing is accepted after the descriptors ran out.
constexpr Duration kBreath = 100ms;

}  // namespace

Result<std::unique_ptr<BlobServer>> BlobServer::start(Options options, BlobStore& store,
                                                      BlobServerListener* listener) {
  const auto wanted = SocketAddress::resolve(options.bind_address, options.port);
  if (!wanted) return wanted.error();
  auto socket = listen_at(*wanted);
  if (!socket) return socket.error();
  const auto bound = address_of(*socket);
  if (!bound) return bound.error();
  std::unique_ptr<BlobServer> server(
      new BlobServer(std::move(options), store, listener, *std::move(socket), bound->text()));
  {
    MutexLock held(server->lock_);
    server->add_thread();
  }
  return server;
}

BlobServer::BlobServer(Options options, BlobStore& store, BlobServerListener* listener, Descriptor socket,
                       std::string address)
    : options_(std::move(options)),
      store_(store),
      listener_(listener),
      socket_(std::move(socket)),
      address_(std::move(address)),
      next_tick_(SystemClock{}.now() + kTick) {}

BlobServer::~BlobServer() {
  std::vector<Thread> threads;
  {
    MutexLock held(lock_);  // who adds a thread looks at the signal under this lock
    stop_.raise();
    threads.swap(threads_);
  }
  threads.clear();
}

std::uint32_t BlobServer::connections() const {
  MutexLock held(lock_);
  return serving_;
}

void BlobServer::add_thread() {
  if (!stop_.is_raised()) threads_.emplace_back("blob-server", [this] { accept_and_serve(); });
}

void BlobServer::accept_and_serve() {
  while (!stop_.is_raised()) {
    auto accepted = await_accepted(socket_, next_tick_.load(), &stop_);
    if (!accepted && !stop_.is_raised()) {
      log::error("BlobServer", accepted.error().what);
      stop_.await_until(SystemClock{}.now() + kBreath);  // whoever waits stays: without this we would spin
    }
    if (accepted && *accepted) serve(*std::move(*accepted));
    tick_if_due();
  }
}

void BlobServer::serve(Accepted accepted) {
  const std::string peer = accepted.peer.text();
  begin_serving();
  {
    BlobSession session(
        make_blob_stream(std::move(accepted.socket), StreamSide::Server, options_.link, &stop_),
        options_.link, store_, listener_);
    const auto ended = session.run();
    if (!ended && ended.error().code != ErrorCode::Closed) note_broken(peer, ended.error());
  }
  end_serving();
}

/// Leaves another thread to accept, unless there are as many as there may be.
void BlobServer::begin_serving() {
  MutexLock held(lock_);
  ++serving_;
  const bool none_accepts = serving_ == threads_.size();
  if (none_accepts && serving_ < options_.max_connections) add_thread();
}

void BlobServer::end_serving() {
  MutexLock held(lock_);
  --serving_;
}

void BlobServer::tick_if_due() {
  const TimePoint now = SystemClock{}.now();
  TimePoint due = next_tick_;
  // One of all threads that wait wins.
  if (now < due || !next_tick_.compare_exchange_strong(due, now + kTick)) return;
  if (listener_ != nullptr) listener_->on_tick(now);
}

void BlobServer::note_broken(const std::string& peer, const Error& why) {
  constexpr std::uint64_t kAllOf = 16;
  constexpr std::uint64_t kThenOneOf = 256;
  const auto number = ++broken_;
  if (number > kAllOf && number % kThenOneOf != 0) return;
  log::warn("BlobServer", "Ended the connection of " + peer + ": " + why.what + " (so far: " +
                              std::to_string(number) + ")");
}

}  // namespace weir
