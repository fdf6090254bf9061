// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "base/port_slot.h"
#include "base/result.h"
#include "base/sync.h"
#include "memory/local_buffer_pool.h"
#include "network/buffer_or_event.h"
#include "network/connection.h"
#include "network/data_listener.h"
#include "network/ring_queue.h"

namespace weir {

/// The segments that a remote channel may receive into.
struct RemoteBuffers {
  std::shared_ptr<LocalBufferPool> exclusive;  // this channel's alone, of fixed size, at least one
  std::shared_ptr<LocalBufferPool> floating;   // shared by the channels of a gate; may be null
};

/// What arrives for one remote channel, and the memory it arrives in. A sender may only send what there is a
/// segment for: it is told how many as credit, and tells how many buffers wait at its side, the backlog.
///
///   free segments, announced as credit ---> being filled ---> queue ---> the task ---> back to their pool
///   free segments, not announced yet                                                        |
///        ^---------------------------------------------------------------------------------+
///
/// It keeps the exclusive segments always, and takes floating ones as long as it has fewer free than
/// backlog + exclusive. Credit is announced when there are as many unannounced as the sender and the queue
/// still have: so about twice a window, and at once if the sender would have to stop.
///
/// Unit:    credit, backlog: segments. Events need none; more than kMaxEvents that nobody has read are not
///          taken, so that memory has a bound though the sender has none.
/// Threads: open(), poll(), tell_starving(), failure() and release() by the task; PartitionReceiver by the
///          link; on_segment() by any.
/// Order:   lock_ is a leaf: gate, link and pools are called without it.
class RemoteInbox final : public PartitionReceiver,
                          public SegmentListener,
                          public std::enable_shared_from_this<RemoteInbox> {
public:
  /// Of a checkpoint there are two at most, and at most as many checkpoints begin as time out while the task
  /// does not read.
  static constexpr std::uint32_t kMaxEvents = 1024;

  explicit RemoteInbox(RemoteBuffers buffers);

  /// Asks for the stream, once. From now on `gate` hears on_data(index).
  void open(ConnectionProvider& links, const RemotePartition& wanted, DataListener& gate,
            std::uint32_t index) WEIR_EXCLUDES(lock_);
  [[nodiscard]] Polled poll(BufferOrEvent& out) WEIR_EXCLUDES(lock_);
  void tell_starving() WEIR_EXCLUDES(lock_);
  [[nodiscard]] Error failure() const WEIR_EXCLUDES(lock_);
  /// Drops what nobody read. Once it returned the gate is told nothing any more.
  void release() WEIR_EXCLUDES(lock_);

  [[nodiscard]] Result<std::optional<BufferBuilder>> begin_buffer(std::uint32_t sequence,
                                                                  std::uint32_t bytes) override
      WEIR_EXCLUDES(lock_);
  void end_buffer(BufferBuilder segment, std::uint32_t bytes, std::uint32_t backlog_buffers) override
      WEIR_EXCLUDES(lock_);
  [[nodiscard]] Status on_event(std::uint32_t sequence, std::uint32_t backlog_buffers,
                                const StreamEvent& event) override WEIR_EXCLUDES(lock_);
  void on_pause() override WEIR_EXCLUDES(lock_);
  void on_failure(Error cause) override WEIR_EXCLUDES(lock_);

  [[nodiscard]] std::optional<BufferBuilder> on_segment(LocalBufferPool& pool,
                                                        std::optional<BufferBuilder> segment) override
      WEIR_EXCLUDES(lock_);

private:
  using Entry = std::variant<Buffer, StreamEvent>;

  /// What it has of one pool.
  struct Share {
    std::shared_ptr<LocalBufferPool> pool;
    std::vector<BufferBuilder> free;
    bool has_asked = false;  // on_segment() comes
  };
  /// What a change of state leads to, done without the lock.
  struct FollowUp {
    // A pool to ask for a segment; it stays though the share may be dropped meanwhile.
    Share* share = nullptr;
    std::shared_ptr<LocalBufferPool> pool;
    // Credit to tell the sender.
    std::shared_ptr<PartitionConnection> connection;
    std::uint32_t credit = 0;
  };

  [[nodiscard]] std::uint32_t free_segments() const WEIR_REQUIRES(lock_);
  /// How many it would like to have free.
  [[nodiscard]] std::uint32_t wanted_segments() const WEIR_REQUIRES(lock_) {
    return backlog_ + exclusive_count_;
  }
  [[nodiscard]] Status check_sequence(std::uint32_t sequence) WEIR_REQUIRES(lock_);
  /// Keeps the segment, or returns one that is too many.
  [[nodiscard]] std::optional<BufferBuilder> take_in(Share& share, BufferBuilder segment)
      WEIR_REQUIRES(lock_);
  /// After every change of state.
  [[nodiscard]] FollowUp next_step() WEIR_REQUIRES(lock_);
  /// Asks pools for as long as it wants segments and there are some, and announces them.
  void carry_out(FollowUp next) WEIR_EXCLUDES(lock_);

  const std::uint32_t exclusive_count_;
  PortSlot<DataListener> gate_;
  std::uint32_t index_ = 0;  // written once, before gate_ is set

  mutable Mutex lock_;
  Share exclusive_ WEIR_GUARDED_BY(lock_);
  Share floating_ WEIR_GUARDED_BY(lock_);
  RingQueue<Entry> queue_ WEIR_GUARDED_BY(lock_);
  std::uint32_t queued_buffers_ WEIR_GUARDED_BY(lock_) = 0;
  std::uint32_t announced_ WEIR_GUARDED_BY(lock_) = 0;  // free segments that the sender may fill
  std::uint32_t backlog_ WEIR_GUARDED_BY(lock_) = 0;
  std::uint32_t next_sequence_ WEIR_GUARDED_BY(lock_) = 0;
  std::shared_ptr<PartitionConnection> connection_ WEIR_GUARDED_BY(lock_);
  std::optional<Error> failure_ WEIR_GUARDED_BY(lock_);
  bool told_ WEIR_GUARDED_BY(lock_) = false;  // the gate knows that there is something
  bool ended_ WEIR_GUARDED_BY(lock_) = false;
  bool released_ WEIR_GUARDED_BY(lock_) = false;
  bool is_asking_ WEIR_GUARDED_BY(lock_) = false;  // a thread is in carry_out() and sees what else is wanted
};

}  // namespace weir
