// SPDX-License-Identifier: Apache-2.0
#include "execution/task/state_upload.h"

#include <utility>

namespace weir {

std::shared_ptr<StateUpload> StateUpload::begin(SnapshotWriters& writers,
                                                std::shared_ptr<CheckpointStorage> storage, std::string name,
                                                Done done) {
  return std::shared_ptr<StateUpload>(
      new StateUpload(writers, std::move(storage), std::move(name), std::move(done)));
}

void StateUpload::add(StateBlock block) {
  queued_bytes_ += block.payload.size();
  MutexLock held(lock_);
  queue_.push_back(std::move(block));
  schedule();
}

void StateUpload::finish(std::vector<StateInfo> states) {
  MutexLock held(lock_);
  states_ = std::move(states);
  schedule();
}

void StateUpload::abandon() {
  MutexLock held(lock_);
  is_abandoned_ = true;
  queue_.clear();
  schedule();  // a writer lets go of the stream: that may take the disk a while
}

void StateUpload::schedule() {
  if (std::exchange(is_draining_, true)) return;
  writers_.post([self = shared_from_this()] { self->drain(); });
}

void StateUpload::drain() {
  while (true) {
    std::deque<StateBlock> blocks;
    std::optional<std::vector<StateInfo>> states;
    bool abandoned = false;
    {
      MutexLock held(lock_);
      blocks.swap(queue_);
      if (blocks.empty()) states = std::exchange(states_, std::nullopt);
      abandoned = is_abandoned_;
      is_draining_ = !blocks.empty();
    }
    if (abandoned) {
      file_.reset();
      stream_.reset();
      return;
    }
    for (const StateBlock& block : blocks) write(block);
    if (blocks.empty()) {
      if (states) end(*states);
      return;
    }
  }
}

void StateUpload::write(const StateBlock& block) {
  queued_bytes_ -= block.payload.size();
  if (!status_) return;
  if (!stream_) {
    auto made = storage_->create(name_);
    if (!made) {
      status_ = made.error();
      return;
    }
    stream_ = *std::move(made);
    file_.emplace(*stream_);
  }
  status_ = file_->add(block);
}

void StateUpload::end(const std::vector<StateInfo>& states) {
  if (!status_) {
    file_.reset();
    stream_.reset();
    return done_(status_.error());
  }
  if (!stream_) {  // states without an entry: their names and types are worth a file all the same
    auto made = storage_->create(name_);
    if (!made) return done_(made.error());
    stream_ = *std::move(made);
    file_.emplace(*stream_);
  }
  done_(file_->finish(states));
}

}  // namespace weir
