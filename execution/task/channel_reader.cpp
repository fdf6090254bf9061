// SPDX-License-Identifier: Apache-2.0
#include "execution/task/channel_reader.h"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <tuple>

#include "execution/operators/stream_element.h"

namespace weir {

std::size_t ChannelReader::read(std::span<const std::byte> bytes, ElementReader& records, Listener& listener,
                                const std::atomic<std::uint32_t>& attention, std::uint64_t& record_count) {
  const std::byte* at = bytes.data();
  const std::byte* const end = at + bytes.size();
  while (at != end) {
    if (large_missing_ > 0) {
      at += assemble({at, end});
      if (large_missing_ == 0) read_assembled(records, record_count);
      continue;
    }
    at = records.read_records(at, end, attention, record_count);
    if (at == end || attention.load(std::memory_order_relaxed) != 0) break;
    at = read_other(at, end, listener);
  }
  return static_cast<std::size_t>(at - bytes.data());
}

const std::byte* ChannelReader::read_other(const std::byte* at, const std::byte* end, Listener& listener) {
  const auto tag = static_cast<ElementTag>(*at);
  const auto left = static_cast<std::size_t>(end - at);
  if (tag == ElementTag::Watermark && left >= std::tuple_size_v<WatermarkBytes>) {
    listener.on_watermark({load_raw<std::int64_t>(at + 1)});
    return at + std::tuple_size_v<WatermarkBytes>;
  }
  if (tag == ElementTag::StreamStatus && left >= std::tuple_size_v<StreamStatusBytes> &&
      at[1] <= static_cast<std::byte>(StreamStatus::Idle)) {
    listener.on_status(static_cast<StreamStatus>(at[1]));
    return at + std::tuple_size_v<StreamStatusBytes>;
  }
  if (tag == ElementTag::LatencyMarker && left >= std::tuple_size_v<LatencyMarkerBytes>) {
    listener.on_latency_marker(read_latency_marker(at + 1));
    return at + std::tuple_size_v<LatencyMarkerBytes>;
  }
  if (tag == ElementTag::LargeElement && left >= kLargeElementHeaderBytes) {
    large_missing_ = load_raw<std::uint64_t>(at + 1);
    if (large_missing_ == 0 || large_missing_ > kMaxElementBytes) {
      throw std::runtime_error("an element of " + std::to_string(large_missing_) +
                               " bytes was announced: the most is " + std::to_string(kMaxElementBytes));
    }
    return at + kLargeElementHeaderBytes;
  }
  throw std::runtime_error("a buffer holds an element of unknown kind " +
                           std::to_string(static_cast<int>(tag)));
}

std::size_t ChannelReader::assemble(std::span<const std::byte> bytes) {
  const auto piece = static_cast<std::size_t>(std::min<std::uint64_t>(large_missing_, bytes.size()));
  large_.insert(large_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(piece));
  large_missing_ -= piece;
  return piece;
}

void ChannelReader::read_assembled(ElementReader& records, std::uint64_t& record_count) {
  static const std::atomic<std::uint32_t> kNoInterruption = 0;
  const std::byte* end = large_.data() + large_.size();
  if (records.read_records(large_.data(), end, kNoInterruption, record_count) != end) {
    throw std::runtime_error("a large element is no record");
  }
  large_ = {};
}

}  // namespace weir
