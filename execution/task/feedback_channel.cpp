// SPDX-License-Identifier: Apache-2.0
#include "execution/task/feedback_channel.h"

#include <stdexcept>
#include <utility>

namespace weir {

Feedback::Reader FeedbackChannel::put(Item item) {
  {
    MutexLock held(lock_);
    if (reader_ != Reader::Reads) return reader_;
    Kept kept{.item = std::move(item), .on_disk = std::nullopt};
    const std::size_t bytes = kept.item.elements().size();
    totals_.bytes += bytes;
    if (bytes_in_memory_ + bytes > options_.memory_bytes) spill(kept);
    else bytes_in_memory_ += bytes;
    items_.push_back(std::move(kept));
    if (items_.size() > 1) return Reader::Reads;  // the reader has not seen the first one yet
  }
  mail_.call([](TaskMail& mail) { mail.post([] {}); });
  return Reader::Reads;
}

std::optional<Feedback::Item> FeedbackChannel::take() {
  MutexLock held(lock_);
  if (items_.empty()) return std::nullopt;
  Kept next = std::move(items_.front());
  items_.pop_front();
  if (next.on_disk) fetch(next);
  else bytes_in_memory_ -= next.item.elements().size();
  return std::move(next.item);
}

void FeedbackChannel::leave(Reader how) {
  mail_.unset();
  MutexLock held(lock_);
  if (reader_ != Reader::Reads) return;
  reader_ = how;
  items_.clear();
  file_.reset();
}

FeedbackChannel::Totals FeedbackChannel::totals() const {
  MutexLock held(lock_);
  return totals_;
}

void FeedbackChannel::spill(Kept& kept) {
  if (kept.item.elements().empty()) return;
  if (!file_) {
    auto file = SpillFile::make(options_.directory);
    if (!file) throw std::runtime_error(file.error().what);
    file_ = *std::move(file);
  }
  const auto extent = file_->append(kept.item.elements());
  if (!extent) throw std::runtime_error(extent.error().what);
  totals_.spilled_bytes += extent->bytes;
  kept.on_disk = *extent;
  kept.item.records = {};
  ++items_on_disk_;
}

void FeedbackChannel::fetch(Kept& kept) {
  const auto buffer = file_->read(*kept.on_disk);
  if (!buffer) throw std::runtime_error(buffer.error().what);
  kept.item.records.assign(buffer->bytes().begin(), buffer->bytes().end());
  kept.item.records.resize(kept.item.records.size() + kSegmentSlackBytes);
  if (--items_on_disk_ == 0) file_.reset();
}

std::shared_ptr<FeedbackChannel> FeedbackChannels::join(ExecutionAttemptId attempt) {
  MutexLock held(lock_);
  std::erase_if(channels_, [](const auto& entry) { return entry.second.expired(); });
  auto& known = channels_[attempt];
  auto channel = known.lock();
  if (!channel) known = channel = std::make_shared<FeedbackChannel>(options_);
  return channel;
}

}  // namespace weir
