// SPDX-License-Identifier: Apache-2.0
#include "network/tcp/data_server.h"

#include <utility>
#include <vector>

#include "base/log.h"
#include "network/tcp/socket.h"

namespace weir {

namespace {

/// How long nothing is accepted after the descriptors ran out.
constexpr Duration kBreath = 100ms;

/// Makes a link of every connection.
class Acceptor final : public IoLoop::Handler {
public:
  Acceptor(IoLoop& loop, PartitionRegistry& registry, std::shared_ptr<const CurrentLinkOptions> options,
           std::shared_ptr<LinkCounts> counts, Descriptor socket)
      : loop_(loop),
        registry_(registry),
        options_(std::move(options)),
        counts_(std::move(counts)),
        socket_(std::move(socket)) {}

private:
  /// It has just been made, or the worker has joined a cluster.
  void on_wake() override {
    const auto current = options_->get();
    for (const auto& known : links_) {
      if (const auto link = known.lock()) link->on_options(current);
    }
    accept();
  }
  void on_deadline() override { accept(); }
  void accept() { loop_.watch(*this, socket_.number(), /*readable=*/true, /*writable=*/false); }
  void on_stop() override { loop_.leave(*this); }

  void on_ready() override {
    for (;;) {
      auto accepted = accept_from(socket_);
      if (!accepted) {
        log::error("wire", accepted.error().what);
        loop_.unwatch(*this);  // it stays readable: without this the loop would spin
        return loop_.set_deadline(*this, SystemClock{}.now() + kBreath);
      }
      if (!*accepted) return;
      begin_link(std::move(**accepted));
    }
  }

  void begin_link(Accepted accepted) {
    const auto options = options_->get();
    if (counts_->strangers >= options->max_strangers) {
      return counts_->refuse(accepted.peer.text(), "too many others have not said hello yet");
    }
    auto stream = make_stream(std::move(accepted.socket), StreamSide::Server, *options);
    const auto link = std::make_shared<ServerLink>(loop_, registry_, options, counts_, std::move(stream),
                                                   accepted.peer.text());
    if (links_.size() >= 2 * counts_->open)
      std::erase_if(links_, [](const auto& old) { return old.expired(); });
    links_.push_back(link);
    loop_.wake(*link);
  }

  IoLoop& loop_;
  PartitionRegistry& registry_;
  const std::shared_ptr<const CurrentLinkOptions> options_;
  const std::shared_ptr<LinkCounts> counts_;
  const Descriptor socket_;
  std::vector<std::weak_ptr<ServerLink>> links_;  // some have ended
};

}  // namespace

Result<std::string> DataServer::listen(const std::string& host, std::uint16_t port) {
  if (auto started = loop_.start(); !started) return started.error();
  const auto wanted = SocketAddress::resolve(host, port);
  if (!wanted) return wanted.error();
  auto socket = listen_at(*wanted);
  if (!socket) return socket.error();
  const auto bound = address_of(*socket);
  if (!bound) return bound.error();
  const auto acceptor =
      std::make_shared<Acceptor>(loop_, registry_, options_, counts_, std::move(*socket));
  acceptor_ = acceptor;
  loop_.wake(*acceptor);
  return bound->text();
}

void DataServer::join_cluster(const LinkIdentity& identity) {
  if (!options_->join_cluster(identity)) return;
  if (const auto acceptor = acceptor_.lock()) loop_.wake(*acceptor);
}

}  // namespace weir
