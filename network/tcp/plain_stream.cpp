// SPDX-License-Identifier: Apache-2.0
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "network/tcp/byte_stream.h"

namespace weir {

namespace {

Error lost(int reason) {
  return {.code = ErrorCode::ConnectionLost,
          .what = std::strerror(reason),
          .blame = Blame::Environment,
          .retry = Retry::Later};
}

class PlainStream final : public ByteStream {
public:
  explicit PlainStream(Descriptor socket) : socket_(std::move(socket)) {}

  Result<Progress> read(std::span<const Room> into) override {
    std::array<iovec, kMaxPieces> rooms;
    std::size_t wanted = 0;
    for (std::size_t i = 0; i < into.size(); ++i) {
      rooms[i] = {into[i].data(), into[i].size()};
      wanted += into[i].size();
    }
    for (;;) {
      const auto got = ::readv(socket_.number(), rooms.data(), static_cast<int>(into.size()));
      if (got == 0) return Progress{.bytes = 0, .next = Progress::Next::End};
      if (got > 0) return progress(got, wanted, Progress::Next::WhenReadable);
      if (errno == EAGAIN || errno == EWOULDBLOCK) return Progress{0, Progress::Next::WhenReadable};
      if (errno != EINTR) return lost(errno);
    }
  }

  Result<Progress> write(std::span<const Piece> from) override {
    std::array<iovec, kMaxPieces> pieces;
    std::size_t wanted = 0;
    for (std::size_t i = 0; i < from.size(); ++i) {
      pieces[i] = {const_cast<std::byte*>(from[i].data()), from[i].size()};
      wanted += from[i].size();
    }
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = from.size();
    for (;;) {
      const auto sent = ::sendmsg(socket_.number(), &message, MSG_NOSIGNAL);
      if (sent >= 0) return progress(sent, wanted, Progress::Next::WhenWritable);
      if (errno == EAGAIN || errno == EWOULDBLOCK) return Progress{0, Progress::Next::WhenWritable};
      if (errno != EINTR) return lost(errno);
    }
  }

  int descriptor() const override { return socket_.number(); }

private:
  /// A transfer that fell short has used up what there was.
  static Progress progress(ssize_t done, std::size_t wanted, Progress::Next if_short) {
    const auto bytes = static_cast<std::size_t>(done);
    return {.bytes = bytes, .next = bytes < wanted ? if_short : Progress::Next::Again};
  }

  const Descriptor socket_;
};

}  // namespace

std::unique_ptr<ByteStream> make_plain_stream(Descriptor connected) {
  return std::make_unique<PlainStream>(std::move(connected));
}

}  // namespace weir
