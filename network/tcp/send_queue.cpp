// SPDX-License-Identifier: Apache-2.0
#include "network/tcp/send_queue.h"

namespace weir {

void SendQueue::add(const wire::Frame& frame, Buffer payload) {
  constexpr std::size_t kManyWritten = 64;
  if (first_ >= kManyWritten) {
    entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
  }
  entries_.push_back({.head = wire::encode(frame), .payload = std::move(payload)});
  waiting_bytes_ += entries_.back().bytes();
}

std::span<const ByteStream::Piece> SendQueue::pieces() {
  std::size_t count = 0;
  std::size_t skip = written_of_first_;
  for (auto i = first_; i < entries_.size() && count + 2 <= pieces_.size(); ++i) {
    for (const auto part : {entries_[i].head.bytes(), entries_[i].payload.bytes()}) {
      if (skip < part.size()) pieces_[count++] = part.subspan(skip);
      skip -= std::min(skip, part.size());
    }
  }
  return {pieces_.data(), count};
}

void SendQueue::on_written(std::size_t bytes) {
  waiting_bytes_ -= bytes;
  written_of_first_ += bytes;
  while (first_ < entries_.size() && written_of_first_ >= entries_[first_].bytes()) {
    written_of_first_ -= entries_[first_].bytes();
    entries_[first_].payload = {};  // its segment goes home at once
    ++first_;
  }
  if (!empty()) return;
  entries_.clear();
  first_ = 0;
}

}  // namespace weir
