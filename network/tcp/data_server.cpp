// SPDX-License-Identifier: Apache-2.0
#include "network/tcp/data_server.h"

#include <utility>

#include "base/log.h"
#include "network/tcp/socket.h"

namespace weir {

namespace {

/// How long nothing is accepted after the descriptors ran out.
constexpr Duration kBreath = 100ms;

/// Makes a link of every connection.
class Acceptor final : public IoLoop::Handler {
public:
  Acceptor(IoLoop& loop, PartitionRegistry& registry, const LinkOptions& options,
           std::shared_ptr<LinkCounts> counts, Descriptor socket)
      : loop_(loop),
        registry_(registry),
        options_(options),
        counts_(std::move(counts)),
        socket_(std::move(socket)) {}

private:
  void on_wake() override { loop_.watch(*this, socket_.number(), /*readable=*/true, /*writable=*/false); }
  void on_deadline() override { on_wake(); }
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
    if (counts_->strangers >= options_.max_strangers) {
      return counts_->refuse(accepted.peer.text(), "too many others have not said hello yet");
    }
    auto stream = make_stream(std::move(accepted.socket), StreamSide::Server, options_);
    const auto link = std::make_shared<ServerLink>(loop_, registry_, options_, counts_, std::move(stream),
                                                   accepted.peer.text());
    loop_.wake(*link);
  }

  IoLoop& loop_;
  PartitionRegistry& registry_;
  const LinkOptions& options_;
  const std::shared_ptr<LinkCounts> counts_;
  const Descriptor socket_;
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
  loop_.wake(*std::make_shared<Acceptor>(loop_, registry_, options_, counts_, std::move(*socket)));
  return bound->text();
}

}  // namespace weir
