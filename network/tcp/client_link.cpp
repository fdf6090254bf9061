// SPDX-License-Identifier: Apache-2.0
#include "network/tcp/client_link.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/log.h"

namespace weir {

namespace {

/// Socket calls in a row before others on the loop have their turn.
constexpr int kCallsATurn = 16;
/// So many frames come in before readers are woken, unless nothing comes just now. A wake-up costs about as
/// much as receiving two segments.
constexpr int kFramesAWakeUp = 8;

Error broken(std::string what) {
  return {.code = ErrorCode::ProtocolBroken, .what = std::move(what), .blame = Blame::Environment};
}

}  // namespace

/// What a reader holds: its number on the link.
class ClientLink::Stream final : public PartitionConnection {
public:
  Stream(std::shared_ptr<ClientLink> link, std::uint64_t number) : link_(std::move(link)), number_(number) {}

  void add_credit(std::uint32_t buffers) override {
    link_->post({wire::AddCredit{number_, buffers}, nullptr});
  }
  void tell_starving() override { link_->post({wire::Starving{number_}, nullptr}); }
  void close() override { link_->post({wire::Cancel{number_}, nullptr}); }

private:
  const std::shared_ptr<ClientLink> link_;
  const std::uint64_t number_;
};

ClientLink::ClientLink(IoLoop& loop, std::shared_ptr<const LinkOptions> options, SocketAddress address,
                       std::string name)
    : loop_(loop),
      options_(std::move(options)),
      address_(address),
      name_(std::move(name)),
      backoff_(options_->reconnect),
      reader_(options_->segment_bytes, wire::FrameReader::Ahead::Exactly),
      pulse_(options_->silence) {
  queue_.add(hello_of(*options_));
}

ClientLink::~ClientLink() {
  WEIR_CHECK(receivers_.empty() && commands_.empty(), "a link is closed before it ends");
}

std::shared_ptr<PartitionConnection> ClientLink::open(const RemotePartition& wanted, std::uint32_t credit,
                                                      std::shared_ptr<PartitionReceiver> receiver) {
  std::uint64_t number = 0;
  {
    MutexLock held(lock_);
    if (is_closed_) return nullptr;
    number = next_receiver_++;
    commands_.push_back({wire::PartitionRequest{.partition = wanted.partition,
                                                .subpartition = wanted.subpartition,
                                                .receiver = number,
                                                .credit = credit},
                         std::move(receiver)});
  }
  loop_.wake(*this);
  return std::make_shared<Stream>(std::static_pointer_cast<ClientLink>(shared_from_this()), number);
}

void ClientLink::post(Command command) {
  {
    MutexLock held(lock_);
    if (is_closed_) return;
    commands_.push_back(std::move(command));
  }
  loop_.wake(*this);
}

void ClientLink::abandon(Error why) {
  {
    MutexLock held(lock_);
    abandoned_ = std::move(why);
  }
  loop_.wake(*this);
}

void ClientLink::on_wake() {
  if (is_done_) return;
  std::optional<Error> abandoned;
  {
    MutexLock held(lock_);
    at_hand_.swap(commands_);
    abandoned = abandoned_;
  }
  for (auto& command : at_hand_) carry_out(command);
  at_hand_.clear();
  if (abandoned) return fail(*abandoned);
  if (!std::exchange(has_begun_, true)) return connect();
  if (has_more_to_read_) receive();
  if (stream_ != nullptr && !is_blocked_) send();
}

void ClientLink::carry_out(Command& command) {
  if (const auto* request = std::get_if<wire::PartitionRequest>(&command.frame)) {
    last_receiver_ = std::max(last_receiver_, request->receiver);
    receivers_.emplace(request->receiver, std::move(command.receiver));
    leave_at_.reset();
  } else if (const auto* credit = std::get_if<wire::AddCredit>(&command.frame)) {
    if (!receivers_.contains(credit->receiver)) return;
  } else if (const auto* starving = std::get_if<wire::Starving>(&command.frame)) {
    if (!receivers_.contains(starving->receiver)) return;
  } else if (const auto* cancel = std::get_if<wire::Cancel>(&command.frame)) {
    if (!receivers_.contains(cancel->receiver)) return;  // it is at its end
    if (payload_ && payload_->head.receiver == cancel->receiver) payload_->segment.reset();
    forget(cancel->receiver);
  }
  queue_.add(command.frame);
}

void ClientLink::forget(std::uint64_t receiver) {
  receivers_.erase(receiver);
  if (!receivers_.empty() || !is_greeted_) return;
  leave_at_ = SystemClock{}.now() + options_->idle_timeout;
  await_beat();
}

void ClientLink::on_ready() {
  if (connecting_.is_open()) {
    auto socket = std::move(connecting_);
    loop_.unwatch(*this);
    if (const auto connected = connect_outcome(socket); !connected) return try_again(connected.error());
    return on_connected(std::move(socket));
  }
  receive();
  if (stream_ != nullptr) send();
}

void ClientLink::on_deadline() {
  if (stream_ != nullptr) {
    if (is_greeted_) return on_beat();
    return fail(
        {.code = ErrorCode::ConnectionLost, .what = "it did not say hello", .blame = Blame::Environment});
  }
  if (!connecting_.is_open()) return connect();  // the time to try again
  loop_.unwatch(*this);
  connecting_ = {};
  try_again({.code = ErrorCode::ConnectionLost, .what = "no answer"});
}

void ClientLink::await_beat() {
  loop_.set_deadline(*this, std::min(next_beat_, leave_at_.value_or(next_beat_)));
}

void ClientLink::on_beat() {
  const auto now = SystemClock{}.now();
  if (leave_at_ && now >= *leave_at_) {
    leave_if_idle();
    if (is_done_) return;
    leave_at_.reset();  // somebody has just come
  }
  if (now >= next_beat_) {
    next_beat_ = now + pulse_.interval();
    const auto verdict = pulse_.on_beat();
    if (verdict.is_lost) return fail(silent(*options_));
    if (verdict.must_ping && queue_.empty()) queue_.add(wire::Ping{});
    if (!is_blocked_) send();
    if (is_done_) return;
  }
  await_beat();
}

void ClientLink::on_stop() {
  if (stream_ != nullptr && queue_.empty()) {
    queue_.add(wire::Close{});
    (void)stream_->write(queue_.pieces()).has_value();  // it will see the end in any case
  }
  fail({.code = ErrorCode::Closed, .what = "this worker shuts down", .blame = Blame::Environment});
}

void ClientLink::connect() {
  auto socket = begin_connect(address_);
  if (!socket) return try_again(socket.error());
  connecting_ = std::move(*socket);
  loop_.watch(*this, connecting_.number(), /*readable=*/false, /*writable=*/true);
  loop_.set_deadline(*this, SystemClock{}.now() + options_->attempt_timeout);
}

void ClientLink::try_again(const Error& why) {
  const auto when = backoff_.on_failed(SystemClock{}.now());
  if (!when) return fail(why);
  log::debug("wire", "no link to " + name_ + " yet: " + why.what);
  loop_.set_deadline(*this, when);
}

void ClientLink::on_connected(Descriptor socket) {
  stream_ = make_stream(std::move(socket), StreamSide::Client, *options_);
  loop_.watch(*this, stream_->descriptor(), /*readable=*/true, /*writable=*/false);
  loop_.set_deadline(*this, SystemClock{}.now() + options_->hello_timeout);
  send();
}

void ClientLink::receive() {
  has_more_to_read_ = false;
  for (int calls = 0; calls < kCallsATurn; ++calls) {
    std::array<ByteStream::Room, 2> rooms;
    std::size_t count = 0;
    const auto payload = payload_room();
    if (!payload.empty()) rooms[count++] = payload;
    // What comes behind the record bytes is a head, unless more record bytes have to go elsewhere first.
    const bool reads_head = !payload_ || payload_->bytes + payload.size() == payload_->head.bytes;
    if (reads_head) rooms[count++] = reader_.room();
    const auto got = stream_->read({rooms.data(), count});
    if (!got) return fail(got.error());
    if (got->next == ByteStream::Progress::Next::End) {
      return fail({.code = ErrorCode::ConnectionLost, .what = "it closed the connection"});
    }
    if (got->bytes > 0) pulse_.on_heard();
    const auto of_payload = std::min(got->bytes, payload.size());
    if (payload_) payload_->bytes += static_cast<std::uint32_t>(of_payload);
    reader_.filled(got->bytes - of_payload);
    if (!take_frames()) return;
    if (got->next == ByteStream::Progress::Next::WhenWritable) wants_writable_ = true;
    if (got->next != ByteStream::Progress::Next::Again) return;
  }
  has_more_to_read_ = true;
  loop_.wake(*this);
}

std::span<std::byte> ClientLink::payload_room() {
  if (!payload_) return {};
  const auto left = payload_->head.bytes - payload_->bytes;
  if (payload_->segment) return {payload_->segment->begin() + payload_->bytes, left};
  return {scrap_.data(), std::min<std::size_t>(left, scrap_.size())};
}

bool ClientLink::take_frames() {
  for (;;) {
    if (payload_) {
      payload_->bytes += static_cast<std::uint32_t>(reader_.take_payload(payload_room()));
      if (payload_->bytes < payload_->head.bytes) return true;
      end_payload();
    }
    const auto frame = reader_.next();
    if (!frame) {
      fail(frame.error());
      return false;
    }
    if (!*frame) return true;
    const bool may_come = is_greeted_ || std::holds_alternative<wire::Hello>(**frame) ||
                          std::holds_alternative<wire::Failure>(**frame);
    const auto taken = may_come
                           ? std::visit([this](const auto& specific) { return take(specific); }, **frame)
                           : Status(broken("it does not begin with hello"));
    if (!taken) fail(taken.error());
    if (is_done_) return false;
  }
}

Status ClientLink::take(const wire::Hello& frame) {
  if (is_greeted_) return broken("it said hello twice");
  if (auto known = check_hello(frame, *options_); !known) return known;
  is_greeted_ = true;
  const auto now = SystemClock{}.now();
  next_beat_ = now + pulse_.interval();
  if (receivers_.empty()) leave_at_ = now + options_->idle_timeout;
  await_beat();
  return Status::ok();
}

Status ClientLink::take(const wire::Data& frame) {
  auto receiver = receiver_of(frame.receiver);
  if (!receiver) return receiver.error();
  payload_.emplace(Payload{.head = frame, .receiver = std::move(*receiver)});
  if (payload_->receiver == nullptr) return Status::ok();
  auto segment = payload_->receiver->begin_buffer(frame.sequence, frame.bytes);
  if (!segment) return segment.error();
  payload_->segment = std::move(*segment);
  return Status::ok();
}

void ClientLink::end_payload() {
  auto payload = std::move(*payload_);
  payload_.reset();
  if (!payload.segment) return;
  payload.receiver->end_buffer(std::move(*payload.segment), payload.head.bytes, payload.head.backlog_buffers);
  on_fed(std::move(payload.receiver));
}

Status ClientLink::take(const wire::Event& frame) {
  const auto receiver = receiver_of(frame.receiver);
  if (!receiver) return receiver.error();
  if (*receiver == nullptr) return Status::ok();
  auto taken = (*receiver)->on_event(frame.sequence, frame.backlog_buffers, frame.event);
  if (!taken) return taken;
  on_fed(*receiver);
  if (frame.event.kind == StreamEvent::Kind::EndOfPartition) forget(frame.receiver);
  return Status::ok();
}

Status ClientLink::take(const wire::Failure& frame) {
  if (!frame.receiver) {
    auto refusal = frame.error;
    refusal.what = "it says: " + refusal.what;
    return refusal;
  }
  const auto receiver = receiver_of(*frame.receiver);
  if (!receiver) return receiver.error();
  if (*receiver == nullptr) return Status::ok();
  forget(*frame.receiver);
  auto error = frame.error;
  error.what = "worker " + name_ + " says: " + error.what;
  (*receiver)->on_failure(std::move(error));
  return Status::ok();
}

Status ClientLink::take(const wire::Close&) {
  return Error{.code = ErrorCode::ConnectionLost, .what = "it shuts down", .blame = Blame::Environment};
}

Status ClientLink::refuse() const { return broken("it asked for what only a reader may ask"); }

Result<std::shared_ptr<PartitionReceiver>> ClientLink::receiver_of(std::uint64_t number) const {
  if (number == 0 || number > last_receiver_) return broken("it sent something that nobody asked for");
  const auto found = receivers_.find(number);
  return found == receivers_.end() ? nullptr : found->second;
}

void ClientLink::on_fed(std::shared_ptr<PartitionReceiver> receiver) {
  if (fed_.empty() || fed_.back() != receiver) fed_.push_back(std::move(receiver));
  if (++fed_frames_ >= kFramesAWakeUp) pause_receivers();
  else loop_.call_when_idle(*this);
}

void ClientLink::on_idle() { pause_receivers(); }

void ClientLink::pause_receivers() {
  for (const auto& receiver : fed_) receiver->on_pause();
  fed_.clear();
  fed_frames_ = 0;
}

void ClientLink::send() {
  while (!queue_.empty()) {
    const auto wrote = stream_->write(queue_.pieces());
    if (!wrote) return fail(wrote.error());
    if (wrote->bytes > 0) pulse_.on_said();
    queue_.on_written(wrote->bytes);
    is_blocked_ = wrote->next != ByteStream::Progress::Next::Again;
    if (wrote->next == ByteStream::Progress::Next::WhenWritable) wants_writable_ = true;
    if (is_blocked_) break;
  }
  watch();
}

void ClientLink::watch() {
  loop_.watch(*this, stream_->descriptor(), /*readable=*/true, std::exchange(wants_writable_, false));
}

void ClientLink::leave_if_idle() {
  {
    MutexLock held(lock_);
    if (!commands_.empty() || !receivers_.empty()) return;
    is_closed_ = true;
  }
  if (queue_.empty()) {
    queue_.add(wire::Close{});
    (void)stream_->write(queue_.pieces()).has_value();
  }
  disconnect();
}

std::vector<ClientLink::Command> ClientLink::shut() {
  MutexLock held(lock_);
  is_closed_ = true;
  return std::exchange(commands_, {});
}

void ClientLink::fail(const Error& why) {
  if (is_done_) return;
  for (auto& command : shut()) {
    if (command.receiver != nullptr) receivers_.emplace(++last_receiver_, std::move(command.receiver));
  }
  auto error = why;
  error.what = (is_greeted_ ? "lost the link to worker " : "no link to worker ") + name_ + ": " + why.what;
  error.retry = Retry::Later;
  if (!receivers_.empty() && why.code != ErrorCode::Closed) log::warn("wire", error.what);
  payload_.reset();
  pause_receivers();
  for (const auto& [number, receiver] : std::exchange(receivers_, {})) receiver->on_failure(error);
  disconnect();
}

void ClientLink::disconnect() {
  is_done_ = true;
  payload_.reset();
  fed_.clear();
  queue_ = {};
  loop_.leave(*this);
  connecting_ = {};
  stream_.reset();
}

}  // namespace weir
