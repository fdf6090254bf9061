// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/sync.h"
#include "network/connection.h"
#include "network/tcp/backoff.h"
#include "network/tcp/frame_reader.h"
#include "network/tcp/io_loop.h"
#include "network/tcp/link_options.h"
#include "network/tcp/pulse.h"
#include "network/tcp/send_queue.h"
#include "network/tcp/socket.h"

namespace weir {

/// The connection to one worker from which this one reads, shared by all streams from there.
///
///   connecting <--> waiting to try again          open ---> closed: lost, left idle, or the loop has stopped
///        +-----------------------------------------^
///
/// Record bytes go from the socket straight into the segment that their receiver offers. There always is one,
/// because the server sends nothing without credit; so no stream can hold up its neighbours.
///
/// Threads: open() and what it returns by any; the rest by the loop's.
/// Errors:  a link that is lost fails the receivers of all its streams with a message that names the peer. It
///          is not opened again: who asks later gets a new one.
class ClientLink final : public IoLoop::Handler {
public:
  /// `loop` outlives this. `name` is the peer's address as users know it.
  ClientLink(IoLoop& loop, std::shared_ptr<const LinkOptions> options, SocketAddress address,
             std::string name);
  ~ClientLink() override;

  /// Null once it is closed.
  [[nodiscard]] std::shared_ptr<PartitionConnection> open(const RemotePartition& wanted, std::uint32_t credit,
                                                          std::shared_ptr<PartitionReceiver> receiver)
      WEIR_EXCLUDES(lock_);
  /// Closes it for this reason, soon. Threads: any.
  void abandon(Error why) WEIR_EXCLUDES(lock_);

private:
  class Stream;

  /// What a reader wants to be said, with its receiver if that is a partition request.
  struct Command {
    wire::Frame frame;
    std::shared_ptr<PartitionReceiver> receiver;
  };
  /// Record bytes that are on their way. Without a segment nobody wants them.
  struct Payload {
    wire::Data head;
    std::shared_ptr<PartitionReceiver> receiver;
    std::optional<BufferBuilder> segment;
    std::uint32_t bytes = 0;  // that have come
  };
  using Receivers = std::unordered_map<std::uint64_t, std::shared_ptr<PartitionReceiver>>;
  static constexpr std::size_t kScrapBytes = 4096;

  void on_ready() override;
  void on_wake() override WEIR_EXCLUDES(lock_);
  void on_deadline() override WEIR_EXCLUDES(lock_);
  void on_idle() override;
  void on_stop() override WEIR_EXCLUDES(lock_);

  void post(Command command) WEIR_EXCLUDES(lock_);
  void carry_out(Command& command);
  /// A stream has come to its end.
  void forget(std::uint64_t receiver);

  void connect();
  void on_connected(Descriptor socket);
  void try_again(const Error& why);

  void receive();
  /// Remembers that the receiver has something that it was not told of.
  void on_fed(std::shared_ptr<PartitionReceiver> receiver);
  void pause_receivers();
  /// Where record bytes of `payload_` go.
  [[nodiscard]] std::span<std::byte> payload_room();
  [[nodiscard]] bool take_frames();
  void end_payload();
  [[nodiscard]] Status take(const wire::Hello& frame);
  [[nodiscard]] Status take(const wire::Data& frame);
  [[nodiscard]] Status take(const wire::Event& frame);
  [[nodiscard]] Status take(const wire::Failure& frame);
  [[nodiscard]] Status take(const wire::Close& frame);
  [[nodiscard]] Status take(const wire::Ping&) { return Status::ok(); }
  /// What only the side that reads streams may say.
  [[nodiscard]] Status refuse() const;
  [[nodiscard]] Status take(const wire::PartitionRequest&) { return refuse(); }
  [[nodiscard]] Status take(const wire::AddCredit&) { return refuse(); }
  [[nodiscard]] Status take(const wire::Starving&) { return refuse(); }
  [[nodiscard]] Status take(const wire::Cancel&) { return refuse(); }
  /// Null: nobody wants it any more.
  [[nodiscard]] Result<std::shared_ptr<PartitionReceiver>> receiver_of(std::uint64_t number) const;

  /// Sets the deadline of a link that is greeted.
  void await_beat();
  void on_beat();
  void send();
  void watch();
  void leave_if_idle() WEIR_EXCLUDES(lock_);
  void fail(const Error& why) WEIR_EXCLUDES(lock_);
  /// Closes for all that come later; returns what has not been carried out.
  [[nodiscard]] std::vector<Command> shut() WEIR_EXCLUDES(lock_);
  void disconnect();

  IoLoop& loop_;
  const std::shared_ptr<const LinkOptions> options_;
  const SocketAddress address_;
  const std::string name_;

  Backoff backoff_;
  Descriptor connecting_;               // a socket on its way to being connected
  std::unique_ptr<ByteStream> stream_;  // from then on
  bool has_begun_ = false;
  bool is_greeted_ = false;
  bool is_done_ = false;
  bool is_blocked_ = false;             // writing has to wait
  bool wants_writable_ = false;         // reading or writing has to wait for that
  bool has_more_to_read_ = false;

  wire::FrameReader reader_;
  SendQueue queue_;  // begins with hello; filled though there is no connection yet
  Pulse pulse_;
  TimePoint next_beat_;
  std::optional<TimePoint> leave_at_;  // while nothing is read
  Receivers receivers_;
  std::uint64_t last_receiver_ = 0;  // requested so far
  std::optional<Payload> payload_;
  std::array<std::byte, kScrapBytes> scrap_;
  std::vector<std::shared_ptr<PartitionReceiver>> fed_;  // since they last heard on_pause()
  int fed_frames_ = 0;                                   // of all of them
  std::vector<Command> at_hand_;                         // keeps its memory

  Mutex lock_;
  std::vector<Command> commands_ WEIR_GUARDED_BY(lock_);
  std::uint64_t next_receiver_ WEIR_GUARDED_BY(lock_) = 1;
  std::optional<Error> abandoned_ WEIR_GUARDED_BY(lock_);
  bool is_closed_ WEIR_GUARDED_BY(lock_) = false;
};

}  // namespace weir
