// SPDX-License-Identifier: Apache-2.0
#include "network/remote_inbox.h"

#include <string>
#include <utility>

namespace weir {

namespace {

Error broken(std::string what) {
  return {.code = ErrorCode::ProtocolBroken, .what = std::move(what), .blame = Blame::Environment};
}

}  // namespace

RemoteInbox::RemoteInbox(RemoteBuffers buffers) : exclusive_count_(buffers.exclusive->size()) {
  WEIR_CHECK(exclusive_count_ > 0, "a remote channel has a segment of its own, else it might never get one");
  exclusive_.pool = std::move(buffers.exclusive);
  floating_.pool = std::move(buffers.floating);
}

void RemoteInbox::open(ConnectionProvider& links, const RemotePartition& wanted, DataListener& gate,
                       std::uint32_t index) {
  index_ = index;
  gate_.set(gate);
  FollowUp first;
  {
    MutexLock held(lock_);
    first = next_step();
  }
  carry_out(std::move(first));
  std::uint32_t credit = 0;
  {
    MutexLock held(lock_);
    announced_ = credit = free_segments();
  }
  auto connection = links.open(wanted, credit, shared_from_this());
  FollowUp next;
  {
    MutexLock held(lock_);
    connection_ = std::move(connection);
    next = next_step();
  }
  carry_out(std::move(next));
}

Polled RemoteInbox::poll(BufferOrEvent& out) {
  Polled polled;
  FollowUp next;
  {
    MutexLock held(lock_);
    if (failure_) return {.kind = Polled::Kind::Failed};
    told_ = !queue_.empty();
    if (!told_) return {.kind = Polled::Kind::Empty};
    if (auto* buffer = std::get_if<Buffer>(&queue_.front())) {
      out.buffer = std::move(*buffer);
      --queued_buffers_;
    } else {
      out.event = std::get<StreamEvent>(queue_.front());
    }
    queue_.pop_front();
    told_ = !queue_.empty();
    polled = {.kind = Polled::Kind::Data, .more = told_, .backlog_buffers = queued_buffers_};
    next = next_step();
  }
  carry_out(std::move(next));
  return polled;
}

void RemoteInbox::tell_starving() {
  std::shared_ptr<PartitionConnection> connection;
  {
    MutexLock held(lock_);
    if (ended_ || failure_ || !queue_.empty()) return;
    connection = connection_;
  }
  if (connection != nullptr) connection->tell_starving();
}

Error RemoteInbox::failure() const {
  MutexLock held(lock_);
  return failure_.value_or(Error{});
}

void RemoteInbox::release() {
  gate_.unset();
  RingQueue<Entry> dropped;
  Share exclusive;
  Share floating;
  std::shared_ptr<PartitionConnection> connection;
  {
    MutexLock held(lock_);
    released_ = true;
    dropped.swap(queue_);
    exclusive = std::exchange(exclusive_, {});
    floating = std::exchange(floating_, {});
    queued_buffers_ = announced_ = 0;
    connection = std::move(connection_);
  }
  if (connection != nullptr) connection->close();
}

Result<std::optional<BufferBuilder>> RemoteInbox::begin_buffer(std::uint32_t sequence, std::uint32_t bytes) {
  MutexLock held(lock_);
  if (released_ || failure_) return std::optional<BufferBuilder>();
  if (auto in_order = check_sequence(sequence); !in_order) return in_order.error();
  if (announced_ == 0) return broken("a buffer came for which there was no credit");
  auto& free = floating_.free.empty() ? exclusive_.free : floating_.free;
  if (bytes > free.back().end() - free.back().begin()) {
    return broken("a buffer came that is longer than a segment");
  }
  std::optional<BufferBuilder> segment(std::move(free.back()));
  free.pop_back();
  --announced_;
  return segment;
}

void RemoteInbox::end_buffer(BufferBuilder segment, std::uint32_t bytes, std::uint32_t backlog_buffers) {
  auto consumer = segment.make_consumer();
  segment.finish(bytes);
  FollowUp next;
  {
    Buffer buffer = consumer.take();
    MutexLock held(lock_);
    if (released_ || failure_) return;
    queue_.push_back(std::move(buffer));
    ++queued_buffers_;
    backlog_ = backlog_buffers;
    next = next_step();
  }
  carry_out(std::move(next));
}

Status RemoteInbox::on_event(std::uint32_t sequence, std::uint32_t backlog_buffers,
                             const StreamEvent& event) {
  FollowUp next;
  {
    MutexLock held(lock_);
    if (released_ || failure_) return Status::ok();
    if (auto in_order = check_sequence(sequence); !in_order) return in_order;
    if (queue_.size() - queued_buffers_ >= kMaxEvents) return broken("events came without end");
    ended_ = event.kind == StreamEvent::Kind::EndOfPartition;
    queue_.push_back(event);
    backlog_ = backlog_buffers;
    next = next_step();
  }
  carry_out(std::move(next));
  return Status::ok();
}

Status RemoteInbox::check_sequence(std::uint32_t sequence) {
  if (ended_) return broken("something came behind the end of a stream");
  if (sequence != next_sequence_) {
    return broken("number " + std::to_string(sequence) + " of a stream came where " +
                  std::to_string(next_sequence_) + " was due");
  }
  ++next_sequence_;
  return Status::ok();
}

void RemoteInbox::on_pause() {
  {
    MutexLock held(lock_);
    if (told_ || released_ || (queue_.empty() && !failure_)) return;
    told_ = true;
  }
  gate_.call([this](DataListener& gate) { gate.on_data(index_); });
}

void RemoteInbox::on_failure(Error cause) {
  RingQueue<Entry> dropped;
  {
    MutexLock held(lock_);
    if (ended_ || released_ || failure_) return;  // a stream that has come to its end cannot fail any more
    failure_ = std::move(cause);
    dropped.swap(queue_);
    queued_buffers_ = 0;
  }
  on_pause();
}

std::optional<BufferBuilder> RemoteInbox::on_segment(LocalBufferPool& pool,
                                                     std::optional<BufferBuilder> segment) {
  std::optional<BufferBuilder> unwanted;
  FollowUp next;
  bool is_exclusive = false;
  {
    MutexLock held(lock_);
    is_exclusive = &pool == exclusive_.pool.get();
    Share& share = is_exclusive ? exclusive_ : floating_;
    share.has_asked = false;
    if (segment) unwanted = take_in(share, std::move(*segment));
    next = next_step();
  }
  carry_out(std::move(next));
  if (is_exclusive) unwanted.reset();  // it is a floating one, and no matter of this pool
  return unwanted;
}

std::optional<BufferBuilder> RemoteInbox::take_in(Share& share, BufferBuilder segment) {
  if (released_ || failure_ || ended_) return segment;
  share.free.push_back(std::move(segment));
  // One of its own is back, and stands for credit that a floating one stood for.
  if (free_segments() <= wanted_segments() || free_segments() == announced_ || floating_.free.empty())
    return {};
  std::optional<BufferBuilder> surplus(std::move(floating_.free.back()));
  floating_.free.pop_back();
  return surplus;
}

RemoteInbox::FollowUp RemoteInbox::next_step() {
  FollowUp next;
  if (released_ || failure_ || ended_) return next;
  if (!is_asking_) {
    if (!exclusive_.has_asked && exclusive_.free.size() < exclusive_count_) next.share = &exclusive_;
    else if (floating_.pool && !floating_.has_asked && free_segments() < wanted_segments())
      next.share = &floating_;
  }
  if (next.share != nullptr) {
    next.pool = next.share->pool;
    // Set before it asks, so that an answer on another thread, which may be quicker, is not taken back.
    is_asking_ = next.share->has_asked = true;
    return next;
  }
  const auto unannounced = free_segments() - announced_;
  if (is_asking_ || connection_ == nullptr || unannounced == 0 ||
      unannounced < announced_ + queued_buffers_) {
    return next;
  }
  announced_ += unannounced;
  next.connection = connection_;
  next.credit = unannounced;
  return next;
}

void RemoteInbox::carry_out(FollowUp next) {
  while (next.pool != nullptr) {
    auto segment = next.pool->request_or_listen(shared_from_this());
    std::optional<BufferBuilder> unwanted;
    MutexLock held(lock_);
    is_asking_ = false;
    if (segment && !released_) {
      next.share->has_asked = false;
      unwanted = take_in(*next.share, std::move(*segment));
    }
    next = next_step();
  }
  if (next.credit > 0) next.connection->add_credit(next.credit);
}

std::uint32_t RemoteInbox::free_segments() const {
  return static_cast<std::uint32_t>(exclusive_.free.size() + floating_.free.size());
}

}  // namespace weir
