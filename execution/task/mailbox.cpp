// SPDX-License-Identifier: Apache-2.0
#include "execution/task/mailbox.h"

#include <utility>

namespace weir {

void Mailbox::post(Letter letter) {
  {
    MutexLock held(lock_);
    letters_.push_back(std::move(letter));
  }
  raise(kLetters);
}

// Either raise() sees that the task waits by its descriptor, or the task sees the signal before it waits:
// both write first and read then, and all four are sequentially consistent.
void Mailbox::raise(std::uint32_t signals) {
  attention_.fetch_or(signals);
  bell_.ring();
  if (WakeDescriptor* wake = waiting_by_.load()) wake->signal();
}

void Mailbox::await_readable(int descriptor) {
  if (!wake_) wake_ = std::make_unique<WakeDescriptor>();
  waiting_by_.store(wake_.get());
  if (attention_.load() == 0) (void)wake_->await_readable(descriptor);
  waiting_by_.store(nullptr);
}

std::vector<Mailbox::Letter> Mailbox::take_letters() {
  MutexLock held(lock_);
  return std::exchange(letters_, {});
}

}  // namespace weir
