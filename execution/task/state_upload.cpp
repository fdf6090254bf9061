// SPDX-License-Identifier: Apache-2.0
#include "execution/task/state_upload.h"

#include <exception>
#include <utility>

namespace weir {

std::shared_ptr<StateUpload> StateUpload::begin(SnapshotWriters& writers,
                                                std::shared_ptr<CheckpointStorage> storage,
                                                std::shared_ptr<BlockBuffers> buffers, std::string name,
                                                Done done) {
  return std::shared_ptr<StateUpload>(new StateUpload(writers, std::move(storage), std::move(buffers),
                                                      std::move(name), std::move(done)));
}

void StateUpload::add(StateBlock block) {
  MutexLock held(lock_);
  if (is_abandoned_) return;
  queue_.push_back(std::move(block));
  schedule();
}

void StateUpload::walk(Walks walks, std::function<void()> walked) {
  MutexLock held(lock_);
  walks_ = std::move(walks);
  walked_ = std::move(walked);
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
  walks_.clear();
  walked_ = nullptr;
  schedule();  // a writer lets go of the stream: that may take the disk a while
}

void StateUpload::schedule() {
  if (std::exchange(is_draining_, true)) return;
  writers_.post([self = shared_from_this()] { self->drain(); });
}

void StateUpload::drain() {
  while (true) {
    Work work = next_work();
    if (work.is_abandoned) {
      file_.reset();
      stream_.reset();
      return;
    }
    for (StateBlock& block : work.blocks) {
      write(block);
      buffers_->give(std::move(block.payload));
    }
    if (work.walk) take_step(*work.walk);
    else if (work.walked) work.walked();
    else if (work.states) end(*work.states);
    else if (work.blocks.empty()) return;
  }
}

/// None at all: the writer goes.
StateUpload::Work StateUpload::next_work() {
  MutexLock held(lock_);
  Work work{.is_abandoned = is_abandoned_};
  work.blocks.swap(queue_);
  if (!walks_.empty()) work.walk = walks_.back();
  else if (walked_) work.walked = std::exchange(walked_, nullptr);
  else if (work.blocks.empty()) work.states = std::exchange(states_, std::nullopt);
  // While there is anything to do nobody else may begin: not even with letting go of it.
  is_draining_ = work.is_abandoned || work.walk || work.walked || work.states || !work.blocks.empty();
  return work;
}

/// Writes one block of it.
void StateUpload::take_step(TableWalk& walk) {
  bool has_more = false;
  try {
    has_more = status_ && walk.next(walked_block_);
  } catch (const std::exception& problem) {
    status_ = Error{ErrorCode::IoFailure, problem.what()};
  }
  if (has_more) return write(walked_block_);
  MutexLock held(lock_);
  if (!walks_.empty()) walks_.pop_back();
}

void StateUpload::write(const StateBlock& block) {
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
