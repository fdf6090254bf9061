// SPDX-License-Identifier: Apache-2.0
#include "network/tcp/server_link.h"

#include <utility>
#include <variant>

#include "base/log.h"

namespace weir {

namespace {

/// Socket calls in a row before others on the loop have their turn.
constexpr int kCallsATurn = 16;
/// Frames travel together, small ones and two full segments alike, up to about this. One segment a call takes
/// a tenth more time of the processors; more than two take no less.
constexpr std::size_t kEnoughBytes = 2 * kDefaultSegmentBytes;
constexpr std::size_t kMaxFrames = ByteStream::kMaxPieces / 2;
/// Streams on one link. A reader costs about 300 bytes.
constexpr std::size_t kMaxReaders = 1u << 16;

Error broken(std::string what) {
  return {.code = ErrorCode::ProtocolBroken, .what = std::move(what), .blame = Blame::Environment};
}

}  // namespace

void LinkCounts::refuse(const std::string& peer, const std::string& why) {
  constexpr std::uint64_t kAllOf = 16;
  constexpr std::uint64_t kThenOneOf = 256;
  const auto number = ++refused;
  if (number > kAllOf && number % kThenOneOf != 0) return;
  log::warn("wire", "closed the link from " + peer + ": " + why + " (refused so far: " +
                        std::to_string(number) + ")");
}

ServerLink::ServerLink(IoLoop& loop, PartitionRegistry& registry, std::shared_ptr<const LinkOptions> options,
                       std::shared_ptr<LinkCounts> counts, std::unique_ptr<ByteStream> stream,
                       std::string peer)
    : loop_(loop),
      registry_(registry),
      options_(std::move(options)),
      counts_(std::move(counts)),
      stream_(std::move(stream)),
      peer_(std::move(peer)),
      reader_(options_->segment_bytes, wire::FrameReader::Ahead::Freely),
      pulse_(options_->silence) {
  ++counts_->open;
  ++counts_->strangers;
}

ServerLink::~ServerLink() { WEIR_CHECK(!is_open(), "a link is closed before it ends"); }

void ServerLink::on_data(std::uint32_t channel) {
  {
    MutexLock held(lock_);
    arrivals_.push_back(channel);
  }
  loop_.wake(*this);
}

void ServerLink::on_wake() {
  if (!is_open()) return;
  if (!std::exchange(has_begun_, true)) {
    loop_.watch(*this, stream_->descriptor(), /*readable=*/true, /*writable=*/false);
    loop_.set_deadline(*this, SystemClock{}.now() + options_->hello_timeout);
  }
  if (has_more_to_read_) receive();
  if (!is_open()) return;
  {
    MutexLock held(lock_);
    told_.swap(arrivals_);
  }
  for (const auto channel : told_) turns_.on_data(channel);
  told_.clear();
  if (!is_blocked_) send();
}

void ServerLink::on_ready() {
  receive();
  if (is_open()) send();
}

void ServerLink::on_deadline() {
  if (is_greeted_) return on_beat();
  refuse({.code = ErrorCode::Timeout, .what = "no hello in time", .blame = Blame::Environment});
}

void ServerLink::on_beat() {
  const auto verdict = pulse_.on_beat();
  if (verdict.is_lost) return lose(silent(*options_));
  loop_.set_deadline(*this, SystemClock{}.now() + pulse_.interval());
  if (!verdict.must_ping || !queue_.empty()) return;  // what waits will tell as well
  queue_.add(wire::Ping{});
  send();
}

void ServerLink::on_options(const std::shared_ptr<const LinkOptions>& current) {
  if (options_ != current) say_goodbye();
}

void ServerLink::on_stop() { say_goodbye(); }

void ServerLink::say_goodbye() {
  if (is_open() && queue_.empty()) {
    queue_.add(wire::Close{});
    (void)stream_->write(queue_.pieces()).has_value();  // it will see the end in any case
  }
  close();
}

void ServerLink::receive() {
  has_more_to_read_ = false;
  for (int calls = 0; calls < kCallsATurn; ++calls) {
    const ByteStream::Room room = reader_.room();
    const auto got = stream_->read({&room, 1});
    if (!got) return lose(got.error());
    if (got->next == ByteStream::Progress::Next::End) return close();
    if (got->bytes > 0) pulse_.on_heard();
    reader_.filled(got->bytes);
    if (!take_frames()) return;
    if (got->next == ByteStream::Progress::Next::WhenWritable) wants_writable_ = true;
    if (got->next != ByteStream::Progress::Next::Again) return;
  }
  has_more_to_read_ = true;
  loop_.wake(*this);
}

bool ServerLink::take_frames() {
  for (;;) {
    const auto frame = reader_.next();
    if (!frame) {
      refuse(frame.error());
      return false;
    }
    if (!*frame) return true;
    if (!is_greeted_ && !std::holds_alternative<wire::Hello>(**frame)) {
      refuse(broken("a link begins with hello"));
      return false;
    }
    const auto taken = std::visit([this](const auto& specific) { return take(specific); }, **frame);
    if (!taken) refuse(taken.error());
    if (!is_open()) return false;
  }
}

Status ServerLink::take(const wire::Hello& frame) {
  if (is_greeted_) return broken("hello twice");
  if (auto known = check_hello(frame, *options_); !known) return known;
  is_greeted_ = true;
  --counts_->strangers;
  loop_.set_deadline(*this, SystemClock{}.now() + pulse_.interval());
  queue_.add(hello_of(*options_));
  return Status::ok();
}

Status ServerLink::take(const wire::PartitionRequest& frame) {
  if (channel_of_.contains(frame.receiver)) return broken("a receiver that is in use");
  if (channel_of_.size() == kMaxReaders) return broken("too many streams on one link");
  if (free_channels_.empty()) {
    free_channels_.push_back(static_cast<Channel>(readers_.size()));
    readers_.emplace_back();
  }
  const auto channel = free_channels_.back();
  free_channels_.pop_back();
  channel_of_.emplace(frame.receiver, channel);
  turns_.add(channel, frame.credit);
  readers_[channel] = std::make_unique<Reader>(registry_, frame);
  readers_[channel]->stream.request_partition(*this, channel);
  return Status::ok();
}

// About a receiver that is unknown: its stream has just ended, and the peer could not know.

Status ServerLink::take(const wire::AddCredit& frame) {
  const auto found = channel_of_.find(frame.receiver);
  if (found == channel_of_.end()) return Status::ok();
  if (!turns_.on_credit(found->second, frame.credit, wire::kMaxCredit)) return broken("credit without end");
  return Status::ok();
}

Status ServerLink::take(const wire::Starving& frame) {
  const auto found = channel_of_.find(frame.receiver);
  if (found == channel_of_.end()) return Status::ok();
  Reader& reader = *readers_[found->second];
  reader.is_starving = true;
  reader.stream.on_starving();
  return Status::ok();
}

Status ServerLink::take(const wire::Cancel& frame) {
  const auto found = channel_of_.find(frame.receiver);
  if (found != channel_of_.end()) drop(found->second);
  return Status::ok();
}

Status ServerLink::take(const wire::Failure& frame) {
  log::warn("wire", "the worker at " + peer_ + " gave up the link: " + frame.error.what);
  close();
  return Status::ok();
}

Status ServerLink::take(const wire::Close&) {
  close();
  return Status::ok();
}

Status ServerLink::take(const wire::Data&) { return broken("data from a reader"); }
Status ServerLink::take(const wire::Event&) { return broken("an event from a reader"); }

void ServerLink::send() {
  for (int calls = 0; calls < kCallsATurn; ++calls) {
    if (queue_.empty()) fill_queue();
    is_blocked_ = false;
    if (queue_.empty()) return watch();
    const auto wrote = stream_->write(queue_.pieces());
    if (!wrote) return lose(wrote.error());
    if (wrote->bytes > 0) pulse_.on_said();
    queue_.on_written(wrote->bytes);
    is_blocked_ = wrote->next != ByteStream::Progress::Next::Again;
    if (wrote->next == ByteStream::Progress::Next::WhenWritable) wants_writable_ = true;
    if (is_blocked_) return watch();
  }
  loop_.wake(*this);
}

void ServerLink::watch() {
  loop_.watch(*this, stream_->descriptor(), /*readable=*/true, std::exchange(wants_writable_, false));
}

void ServerLink::fill_queue() {
  while (queue_.waiting_bytes() < kEnoughBytes && queue_.frame_count() < kMaxFrames) {
    const auto turn = turns_.next();
    if (!turn) return;
    take_turn(*turn);
  }
}

void ServerLink::take_turn(const CreditQueue::Turn& turn) {
  Reader& reader = *readers_[turn.channel];
  BufferOrEvent next;
  const auto polled =
      reader.stream.poll(next, turn.may_send_buffer ? Wanted::Anything : Wanted::EventsOnly);
  switch (polled.kind) {
    case Polled::Kind::Data: return send_next(turn.channel, reader, std::move(next), polled);
    case Polled::Kind::Empty:
      turns_.on_turn_over(
          turn.channel, polled.more ? CreditQueue::Outcome::NeedsCredit : CreditQueue::Outcome::Empty, false);
      if (!polled.more && reader.is_starving) reader.stream.on_starving();
      return;
    case Polled::Kind::Failed:
      queue_.add(wire::Failure{.receiver = reader.receiver, .error = reader.stream.failure()});
      return drop(turn.channel);
  }
}

void ServerLink::send_next(Channel channel, Reader& reader, BufferOrEvent next, const Polled& polled) {
  reader.is_starving = false;
  const auto sequence = reader.sequence++;
  if (!next.event) {
    const auto bytes = next.buffer.size();
    queue_.add(wire::Data{reader.receiver, sequence, polled.backlog_buffers, bytes}, std::move(next.buffer));
    return turns_.on_turn_over(channel, CreditQueue::Outcome::SentBuffer, polled.more);
  }
  queue_.add(wire::Event{reader.receiver, sequence, polled.backlog_buffers, *next.event});
  if (next.event->kind == StreamEvent::Kind::EndOfPartition) return drop(channel);
  turns_.on_turn_over(channel, CreditQueue::Outcome::SentEvent, polled.more);
}

void ServerLink::drop(Channel channel) {
  channel_of_.erase(readers_[channel]->receiver);
  readers_[channel].reset();
  turns_.remove(channel);
  free_channels_.push_back(channel);
}

void ServerLink::refuse(const Error& why) {
  if (!is_open()) return;
  counts_->refuse(peer_, why.what);
  if (queue_.empty()) {  // else the word would land in the middle of a frame
    queue_.add(wire::Failure{.receiver = std::nullopt, .error = why});
    (void)stream_->write(queue_.pieces()).has_value();
  }
  close();
}

void ServerLink::lose(const Error& why) {
  if (why.code == ErrorCode::Refused) counts_->refuse(peer_, why.what);
  else log::info("wire", "the link from " + peer_ + " broke: " + why.what);
  close();
}

void ServerLink::close() {
  if (!is_open()) return;
  readers_.clear();
  channel_of_.clear();
  queue_ = {};
  loop_.leave(*this);
  --counts_->open;
  if (!is_greeted_) --counts_->strangers;
  stream_.reset();
}

}  // namespace weir
