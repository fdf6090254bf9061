// SPDX-License-Identifier: Apache-2.0
#include "execution/task/record_writer.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "execution/operators/operator.h"
#include "execution/operators/stream_element.h"

namespace weir {

namespace {
constexpr std::uint32_t kFirstProbeBytes = 64;
}  // namespace

RecordWriter::RecordWriter(std::shared_ptr<ResultPartition> partition,
                           std::chrono::milliseconds buffer_timeout, Mailbox& mailbox,
                           TaskMetrics& metrics)
    : RecordSink(partition->subpartition_count()),
      partition_(std::move(partition)),
      mailbox_(mailbox),
      metrics_(metrics),
      channels_(partition_->subpartition_count()) {
  flush_after_each_record(buffer_timeout.count() == 0);
  partition_->set_listener(this);
}

RecordWriter::~RecordWriter() { partition_->set_listener(nullptr); }

std::byte* RecordWriter::make_room(std::uint32_t channel, std::size_t bytes) {
  Channel& here = channels_[channel];
  if (here.probe_bytes != 0) {
    serve_starved(channel);
    if (std::byte* at = room_in_segment(channel, bytes)) return at;
  }
  if (here.builder && bytes > static_cast<std::size_t>(here.builder->end() - here.builder->begin()))
    return nullptr;
  end_segment(channel);
  begin_segment(channel);
  return room_in_segment(channel, bytes);
}

std::byte* RecordWriter::room_in_segment(std::uint32_t channel, std::size_t bytes) {
  Place& here = place(channel);
  if (static_cast<std::size_t>(channels_[channel].builder->end() - here.at) < bytes) return nullptr;
  // While the reader starves the place ends early: then it ends behind this record, and the next one looks
  // again.
  if (static_cast<std::size_t>(here.end - here.at) < bytes) here.end = here.at + bytes;
  return here.at;
}

void RecordWriter::write_large(std::uint32_t channel, std::span<const std::byte> element) {
  if (element.size() > kMaxElementBytes) {
    throw std::length_error("a record of " + std::to_string(element.size()) + " bytes: the most is " +
                            std::to_string(kMaxElementBytes));
  }
  Place& at = place(channel);
  if (!channels_[channel].builder ||
      channels_[channel].builder->end() - at.at < static_cast<std::ptrdiff_t>(kLargeElementHeaderBytes)) {
    end_segment(channel);
    begin_segment(channel);
  }
  *at.at = static_cast<std::byte>(ElementTag::LargeElement);
  at.at = store_raw(at.at + 1, static_cast<std::uint64_t>(element.size()));
  while (true) {
    const std::byte* end = channels_[channel].builder->end();
    const auto piece = std::min(element.size(), static_cast<std::size_t>(end - at.at));
    std::memcpy(at.at, element.data(), piece);
    at.at += piece;
    element = element.subspan(piece);
    if (element.empty()) break;
    end_segment(channel);
    begin_segment(channel);
  }
  at.end = std::max(at.end, at.at);
  advance(channel, at.at);
}

void RecordWriter::begin_segment(std::uint32_t channel) {
  auto builder = partition_->request_builder(channel);
  check_disk();
  if (!builder) throw TaskCancelled{};
  place(channel) = {builder->begin(), builder->end()};
  channels_[channel].builder = std::move(builder);
  channels_[channel].flushed_bytes = 0;
  channels_[channel].probe_bytes = 0;
  if (partition_->subpartition(channel).is_starving()) probe_after(channel, kFirstProbeBytes);
}

void RecordWriter::check_disk() const {
  if (const Error* failure = partition_->write_failure()) throw std::runtime_error(failure->what);
}

void RecordWriter::end_segment(std::uint32_t channel) {
  Channel& here = channels_[channel];
  if (!here.builder) return;
  const std::uint32_t bytes = written_bytes(channel);
  publish(channel, bytes);
  partition_->finish_builder(channel, *std::exchange(here.builder, std::nullopt), bytes);
  here.probe_bytes = 0;
  place(channel) = {};
}

std::uint32_t RecordWriter::written_bytes(std::uint32_t channel) {
  return static_cast<std::uint32_t>(place(channel).at - channels_[channel].builder->begin());
}

void RecordWriter::flush(std::uint32_t channel) {
  Channel& here = channels_[channel];
  if (!here.builder) return;
  const std::uint32_t written = written_bytes(channel);
  if (written == here.flushed_bytes) return;
  here.builder->commit(written);
  publish(channel, written);
  partition_->flush(channel);
}

void RecordWriter::publish(std::uint32_t channel, std::uint32_t visible_bytes) {
  Channel& here = channels_[channel];
  metrics_.bytes_out.add(visible_bytes - std::exchange(here.flushed_bytes, visible_bytes));
  metrics_.records_out.add(record_count() - std::exchange(published_records_, record_count()));
}

void RecordWriter::flush_all() {
  for (std::uint32_t channel = 0; channel < channel_count(); ++channel) flush(channel);
}

void RecordWriter::serve_starved_readers() {
  for (std::uint32_t channel = 0; channel < channel_count(); ++channel) {
    if (channels_[channel].builder && partition_->subpartition(channel).is_starving()) serve_starved(channel);
  }
}

void RecordWriter::serve_starved(std::uint32_t channel) {
  Channel& here = channels_[channel];
  if (!partition_->subpartition(channel).is_starving()) {
    here.probe_bytes = 0;
    place(channel).end = here.builder->end();
    return;
  }
  const TimePoint now = SystemClock{}.now();
  if (written_bytes(channel) > here.flushed_bytes && now - last_starved_flush_ >= kStarvedFlushInterval) {
    last_starved_flush_ = now;
    flush(channel);
    here.probe_bytes = 0;
    place(channel).end = here.builder->end();
    return;
  }
  probe_after(channel, here.probe_bytes == 0 ? kFirstProbeBytes : here.probe_bytes * 2);
}

void RecordWriter::probe_after(std::uint32_t channel, std::uint32_t bytes) {
  Channel& here = channels_[channel];
  here.probe_bytes = bytes;
  Place& at = place(channel);
  at.end = std::min(here.builder->end(), at.at + bytes);
}

void RecordWriter::broadcast(const StreamEvent& event) {
  for (std::uint32_t channel = 0; channel < channel_count(); ++channel) end_segment(channel);
  partition_->broadcast(event);
}

void RecordWriter::finish() {
  for (std::uint32_t channel = 0; channel < channel_count(); ++channel) end_segment(channel);
  check_disk();
  partition_->finish();
}

}  // namespace weir
