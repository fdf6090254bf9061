// SPDX-License-Identifier: Apache-2.0
#include "network/subpartition.h"

#include <utility>

namespace weir {

void Subpartition::add(BufferConsumer segment) { append(std::move(segment)); }

void Subpartition::add(const StreamEvent& event) {
  const bool is_end = event.kind == StreamEvent::Kind::EndOfPartition;
  if (is_end || file_ == nullptr) append(event);
}

void Subpartition::add(const SpillFile::Extent& stored) { append(stored); }

void Subpartition::append(Entry entry) {
  bool tell = false;
  {
    MutexLock held(lock_);
    if (released_ || failure_) return;  // nobody will read it; `entry` goes home after the lock
    const auto* event = std::get_if<StreamEvent>(&entry);
    if (event == nullptr) ++backlog_buffers_;
    else if (event->kind == StreamEvent::Kind::EndOfPartition) is_complete_ = true;
    entries_.push_back(std::move(entry));
    tell = must_tell();
  }
  if (tell) tell_reader();
}

void Subpartition::on_finished() {
  bool tell = false;
  {
    MutexLock held(lock_);
    tell = must_tell();
  }
  if (tell) tell_reader();
}

void Subpartition::flush() {
  bool tell = false;
  {
    MutexLock held(lock_);
    if (entries_.empty()) return;
    const auto* last = std::get_if<BufferConsumer>(&entries_.back());
    if (last != nullptr && last->has_data()) flush_requested_ = true;
    tell = must_tell();
  }
  if (tell) tell_reader();
}

bool Subpartition::attach(DataListener& reader, std::uint32_t channel) {
  bool tell = false;
  {
    MutexLock held(lock_);
    if (attached_) return false;
    attached_ = true;
    channel_ = channel;
    reader_.set(reader);
    tell = must_tell();
  }
  if (tell) tell_reader();
  return true;
}

Polled Subpartition::poll(BufferOrEvent& out, Wanted wanted) {
  Stored stored;
  const Polled polled = poll_queue(out, wanted, stored);
  if (!stored) return polled;
  auto buffer = file_->read(*stored);
  if (!buffer) {
    fail(buffer.error());
    return {.kind = Polled::Kind::Failed};
  }
  out.buffer = *std::move(buffer);
  return polled;
}

Polled Subpartition::poll_queue(BufferOrEvent& out, Wanted wanted, Stored& stored) {
  for (;;) {
    std::optional<BufferConsumer> spent;  // goes home after the lock
    MutexLock held(lock_);
    if (failure_) return {.kind = Polled::Kind::Failed};
    if (!is_readable()) {
      told_ = false;
      return {.kind = Polled::Kind::Empty};
    }
    if (wanted == Wanted::EventsOnly) {
      // The writer may commit bytes at any moment. One that had finished before has all it will ever have.
      const auto* const segment = std::get_if<BufferConsumer>(&entries_.front());
      const bool may_grow = segment != nullptr && !segment->is_finished();
      if (buffer_is_next()) return {.kind = Polled::Kind::Empty, .more = true};
      if (may_grow) {
        flush_requested_ = false;  // there was nothing to hand over
        continue;
      }
    }
    take_front(out, spent, stored);
    if (!out.event && out.buffer.empty() && !stored)
      continue;  // a segment that was finished right after a flush
    starving_.store(false, std::memory_order_relaxed);
    told_ = is_readable();
    return {.kind = Polled::Kind::Data, .more = told_, .backlog_buffers = backlog_buffers_};
  }
}

void Subpartition::take_front(BufferOrEvent& out, std::optional<BufferConsumer>& spent, Stored& stored) {
  if (const auto* event = std::get_if<StreamEvent>(&entries_.front())) {
    out.event = *event;
    entries_.pop_front();
  } else if (const auto* extent = std::get_if<SpillFile::Extent>(&entries_.front())) {
    stored = *extent;
    entries_.pop_front();
    --backlog_buffers_;
  } else {
    auto& segment = std::get<BufferConsumer>(entries_.front());
    const bool finished = segment.is_finished();  // asked first, so that take() then takes all
    if (auto part = segment.take(); !part.empty()) out.buffer = std::move(part);
    if (finished) {
      spent = std::move(segment);
      entries_.pop_front();
      --backlog_buffers_;
    } else {
      flush_requested_ = false;
    }
  }
  if (entries_.empty()) flush_requested_ = false;
}

bool Subpartition::mark_starving() {
  MutexLock held(lock_);
  if (file_ != nullptr || failure_ || is_readable() || is_starving()) return false;
  starving_.store(true, std::memory_order_relaxed);
  return true;
}

void Subpartition::fail(Error cause) {
  Entries dropped;
  bool tell = false;
  {
    MutexLock held(lock_);
    if (released_ || failure_) return;
    failure_ = std::move(cause);
    dropped.swap(entries_);
    backlog_buffers_ = 0;
    tell = must_tell();
  }
  if (tell) tell_reader();
}

void Subpartition::release() {
  Entries dropped;
  {
    MutexLock held(lock_);
    released_ = true;
    dropped.swap(entries_);
    backlog_buffers_ = 0;
  }
  reader_.unset();
}

Error Subpartition::failure() const {
  MutexLock held(lock_);
  return failure_.value_or(Error{});
}

std::uint32_t Subpartition::backlog_buffers() const {
  MutexLock held(lock_);
  return backlog_buffers_;
}

bool Subpartition::is_readable() const {
  if (entries_.empty()) return false;
  if (file_ != nullptr) return is_complete_;
  const auto* segment = std::get_if<BufferConsumer>(&entries_.front());
  return segment == nullptr || flush_requested_ || segment->is_finished();
}

bool Subpartition::buffer_is_next() const {
  if (file_ != nullptr) return std::holds_alternative<SpillFile::Extent>(entries_.front());
  const auto* segment = std::get_if<BufferConsumer>(&entries_.front());
  return segment != nullptr && segment->has_data();
}

bool Subpartition::must_tell() {
  if (told_ || !attached_ || released_ || !(failure_ || is_readable())) return false;
  told_ = true;
  return true;
}

void Subpartition::tell_reader() {
  reader_.call([this](DataListener& reader) { reader.on_data(channel_); });
}

}  // namespace weir
