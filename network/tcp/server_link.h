// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/sync.h"
#include "network/data_listener.h"
#include "network/input_channel.h"
#include "network/partition_registry.h"
#include "network/tcp/credit_queue.h"
#include "network/tcp/frame_reader.h"
#include "network/tcp/io_loop.h"
#include "network/tcp/link_options.h"
#include "network/tcp/pulse.h"
#include "network/tcp/send_queue.h"

namespace weir {

/// How many links a server has. Threads: the loop's writes, any may look.
struct LinkCounts {
  std::atomic<std::uint32_t> open = 0;
  std::atomic<std::uint32_t> strangers = 0;  // of these; they have not said hello
  std::atomic<std::uint64_t> refused = 0;    // closed because of what they said, or did not say

  /// Counts one and writes a line about it; of many, such as a port scan brings, only some.
  void refuse(const std::string& peer, const std::string& why);
};

/// One worker that reads from this one. It asks for streams and grants credit; the link reads the streams
/// from their queues as a local task would, and sends what there is credit for, in turn.
///
/// Threads: the loop's; on_data() by whoever fills a queue.
/// Errors:  a peer that breaks the rules is told so and loses the link; its streams are given up, which makes
///          no difference to their producers.
class ServerLink final : public IoLoop::Handler, private DataListener {
public:
  /// What is passed by reference outlives this. `peer` is for messages. wake() begins it.
  ServerLink(IoLoop& loop, PartitionRegistry& registry, std::shared_ptr<const LinkOptions> options,
             std::shared_ptr<LinkCounts> counts, std::unique_ptr<ByteStream> stream, std::string peer);
  ~ServerLink() override;

  /// Says goodbye if it is of other options than these. Threads: the loop's.
  void on_options(const std::shared_ptr<const LinkOptions>& current);

private:
  /// One stream that the peer reads.
  struct Reader {
    Reader(PartitionRegistry& registry, const wire::PartitionRequest& request)
        : receiver(request.receiver), stream(registry, request.partition, request.subpartition) {}

    const std::uint64_t receiver;
    LocalInputChannel stream;
    std::uint32_t sequence = 0;
    bool is_starving = true;  // the peer waits for it, and nothing has been sent since
  };
  using Channel = CreditQueue::Channel;

  void on_data(std::uint32_t channel) override WEIR_EXCLUDES(lock_);
  void on_ready() override;
  void on_wake() override WEIR_EXCLUDES(lock_);
  void on_deadline() override;
  void on_stop() override;

  void receive();
  /// False once the link is closed.
  [[nodiscard]] bool take_frames();
  [[nodiscard]] Status take(const wire::Hello& frame);
  [[nodiscard]] Status take(const wire::PartitionRequest& frame);
  [[nodiscard]] Status take(const wire::AddCredit& frame);
  [[nodiscard]] Status take(const wire::Starving& frame);
  [[nodiscard]] Status take(const wire::Cancel& frame);
  [[nodiscard]] Status take(const wire::Failure& frame);
  [[nodiscard]] Status take(const wire::Close& frame);
  [[nodiscard]] Status take(const wire::Ping&) { return Status::ok(); }
  /// What only the side that sends streams may say.
  [[nodiscard]] Status take(const wire::Data& frame);
  [[nodiscard]] Status take(const wire::Event& frame);

  void on_beat();
  void send();
  void watch();
  void fill_queue();
  void take_turn(const CreditQueue::Turn& turn);
  void send_next(Channel channel, Reader& reader, BufferOrEvent next, const Polled& polled);
  void drop(Channel channel);

  [[nodiscard]] bool is_open() const { return stream_ != nullptr; }
  /// The stream ended with an error.
  void lose(const Error& why);
  /// Closes, and nothing is wrong.
  void say_goodbye();
  /// Says why, if there is room for a word, and closes.
  void refuse(const Error& why);
  void close();

  IoLoop& loop_;
  PartitionRegistry& registry_;
  const std::shared_ptr<const LinkOptions> options_;
  const std::shared_ptr<LinkCounts> counts_;
  std::unique_ptr<ByteStream> stream_;
  const std::string peer_;

  wire::FrameReader reader_;
  SendQueue queue_;
  Pulse pulse_;
  CreditQueue turns_;
  std::vector<std::unique_ptr<Reader>> readers_;  // by channel; null: free
  std::vector<Channel> free_channels_;
  std::unordered_map<std::uint64_t, Channel> channel_of_;  // by receiver
  bool has_begun_ = false;
  bool is_greeted_ = false;
  bool is_blocked_ = false;       // writing has to wait
  bool wants_writable_ = false;   // reading or writing has to wait for that
  bool has_more_to_read_ = false;  // others had to have their turn
  std::vector<Channel> told_;  // keeps its memory

  Mutex lock_;
  std::vector<Channel> arrivals_ WEIR_GUARDED_BY(lock_);
};

}  // namespace weir
