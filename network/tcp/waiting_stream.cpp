// SPDX-License-Identifier: Apache-2.0
#include "network/tcp/waiting_stream.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

namespace weir {

namespace {

Error gone() {
  return {.code = ErrorCode::ConnectionLost,
          .what = "the peer has closed the connection",
          .blame = Blame::Environment,
          .retry = Retry::Later};
}

/// Whether to go on.
Status check(TimePoint deadline, const StopSignal* stop) {
  if (stop != nullptr && stop->is_raised()) {
    return Error{ErrorCode::Closed, "this end is closing", Blame::Environment};
  }
  if (SystemClock{}.now() < deadline) return Status::ok();
  return Error{ErrorCode::Timeout, "the peer was silent for too long", Blame::Environment, Retry::Later};
}

/// Until `descriptor` is ready for `events`, or broken: whoever uses it next will see that.
Status await_events(int descriptor, short events, TimePoint deadline, const StopSignal* stop) {
  std::array<pollfd, 2> watched{{{descriptor, events, 0}, {-1, POLLIN, 0}}};
  if (stop != nullptr) watched[1].fd = stop->descriptor();
  for (;;) {
    if (auto may_wait = check(deadline, stop); !may_wait) return may_wait;
    constexpr std::int64_t kLongestWait = 3'600'000;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - SystemClock{}.now()).count();
    const auto wait = static_cast<int>(std::clamp<std::int64_t>(left, 0, kLongestWait));
    const int ready = ::poll(watched.data(), watched.size(), wait);
    if (ready < 0 && errno != EINTR) {
      return Error{ErrorCode::IoFailure, std::string("cannot wait for a socket: ") + std::strerror(errno),
                   Blame::Environment};
    }
    if (ready > 0 && watched[0].revents != 0) return Status::ok();
  }
}

}  // namespace

StopSignal::StopSignal() : event_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  WEIR_CHECK(event_.is_open(), "a process has room for one more descriptor");
}

void StopSignal::raise() {
  raised_ = true;
  const std::uint64_t one = 1;
  (void)!::write(event_.number(), &one, sizeof one);  // it fails only if the count is full: then it is raised
}

bool StopSignal::await_until(TimePoint deadline) const {
  const auto waited = await_events(descriptor(), POLLIN, deadline, nullptr);
  return waited.has_value();
}

Status WaitingStream::await(ByteStream::Progress::Next what, TimePoint deadline) const {
  using Next = ByteStream::Progress::Next;
  switch (what) {
    case Next::Again: return check(deadline, stop_);
    case Next::WhenReadable: return await_events(stream_->descriptor(), POLLIN, deadline, stop_);
    case Next::WhenWritable: return await_events(stream_->descriptor(), POLLOUT, deadline, stop_);
    case Next::End: break;
  }
  return gone();
}

Status WaitingStream::read(std::span<std::byte> into, TimePoint deadline) {
  auto done = read_unless_closed(into, deadline);
  if (!done) return done.error();
  if (!*done) return gone();
  return Status::ok();
}

Result<bool> WaitingStream::read_unless_closed(std::span<std::byte> into, TimePoint deadline) {
  using Next = ByteStream::Progress::Next;
  const auto wanted = into.size();
  while (!into.empty()) {
    const auto progress = stream_->read({&into, 1});
    if (!progress) return progress.error();
    if (progress->next == Next::End && into.size() == wanted) return false;
    into = into.subspan(progress->bytes);
    if (into.empty()) break;
    if (auto ready = await(progress->next, deadline); !ready) return ready.error();
  }
  return true;
}

Status WaitingStream::write(std::span<const std::byte> from, TimePoint deadline) {
  while (!from.empty()) {
    const auto progress = stream_->write({&from, 1});
    if (!progress) return progress.error();
    from = from.subspan(progress->bytes);
    if (from.empty()) break;
    if (auto ready = await(progress->next, deadline); !ready) return ready.error();
  }
  return Status::ok();
}

Result<Descriptor> await_connection(const SocketAddress& to, TimePoint deadline, const StopSignal* stop) {
  auto socket = begin_connect(to);
  if (!socket) return socket.error();
  if (auto ready = await_events(socket->number(), POLLOUT, deadline, stop); !ready) return ready.error();
  if (auto connected = connect_outcome(*socket); !connected) return connected.error();
  return socket;
}

Result<std::optional<Accepted>> await_accepted(const Descriptor& listener, TimePoint deadline,
                                               const StopSignal* stop) {
  for (;;) {
    auto ready = await_events(listener.number(), POLLIN, deadline, stop);
    if (!ready && ready.error().code == ErrorCode::Timeout) return std::optional<Accepted>();
    if (!ready) return ready.error();
    auto accepted = accept_from(listener);
    if (!accepted || *accepted) return accepted;
  }
}

}  // namespace weir
