// SPDX-License-Identifier: Apache-2.0
#include "test/sim/worker.h"

#include <array>

#include "base/result.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

namespace weir::sim {

namespace {

/// Tells AddressSanitizer, if it looks on, that calls go on on another stack.
struct StackWatch {
#if defined(__SANITIZE_ADDRESS__)
  /// Before: from this stack to that. Without `kept` nobody comes back to this one.
  static void leave(void** kept, const void* bottom, std::size_t bytes) {
    __sanitizer_start_switch_fiber(kept, bottom, bytes);
  }
  /// After: `kept` as it was when this stack was left; fills in the stack that was left now.
  static void enter(void* kept, const void** bottom, std::size_t* bytes) {
    __sanitizer_finish_switch_fiber(kept, bottom, bytes);
  }
#else
  static void leave(void**, const void*, std::size_t) {}
  static void enter(void*, const void**, std::size_t*) {}
#endif
};

}  // namespace

thread_local Worker* Worker::current_ = nullptr;

/// Where a job's calls lie. Stacks are used again: a schedule has hundreds of jobs.
struct Worker::Stack {
  static constexpr std::size_t kBytes = 256 << 10;

  static std::unique_ptr<Stack> take() {
    if (spare().empty()) return std::make_unique<Stack>();
    std::unique_ptr<Stack> stack = std::move(spare().back());
    spare().pop_back();
    return stack;
  }
  static void give_back(std::unique_ptr<Stack> stack) { spare().push_back(std::move(stack)); }
  static std::vector<std::unique_ptr<Stack>>& spare() {
    static thread_local std::vector<std::unique_ptr<Stack>> stacks;
    return stacks;
  }

  ucontext_t inside{};
  void* kept = nullptr;          // of the job that waits
  const void* outside = nullptr;  // the stack of who resumed it
  std::size_t outside_bytes = 0;
  std::unique_ptr<std::byte[]> bytes{new std::byte[kBytes]};
};

Worker::Worker(World& world, NodeId node) : world_(world), node_(node) {}

Worker::~Worker() {
  jobs_.clear();
  if (!stack_) return;
  must_die_ = true;
  resume();
  WEIR_CHECK(!stack_, "who waits is thrown out and comes to its end");
}

void Worker::post(Job job) {
  jobs_.push_back(std::move(job));
  if (stack_ || std::exchange(is_due_, true)) return;
  world_.in(Duration::zero(), node_, [this] {
    is_due_ = false;
    if (!stack_) resume();
  });
}

void Worker::run() {
  Worker* const self = current_;
  Stack& stack = *self->stack_;
  StackWatch::enter(nullptr, &stack.outside, &stack.outside_bytes);
  self->work();
  StackWatch::leave(nullptr, stack.outside, stack.outside_bytes);
  setcontext(&self->outside_);
}

void Worker::work() {
  try {
    while (!jobs_.empty()) {
      const Job job = std::move(jobs_.front());
      jobs_.pop_front();
      job();
    }
  } catch (const ProcessDied&) {
  } catch (const std::exception& thrown) {
    world_.violate(std::string("an exception: ") + thrown.what());
  }
  must_die_ = true;
}

void Worker::resume() {
  WEIR_CHECK(current_ == nullptr, "nobody resumes another from within a job");
  if (!stack_) {
    stack_ = Stack::take();
    getcontext(&stack_->inside);
    stack_->inside.uc_stack.ss_sp = stack_->bytes.get();
    stack_->inside.uc_stack.ss_size = Stack::kBytes;
    stack_->inside.uc_link = nullptr;
    must_die_ = false;
    makecontext(&stack_->inside, &Worker::run, 0);
  }
  current_ = this;
  void* kept = nullptr;
  StackWatch::leave(&kept, stack_->bytes.get(), Stack::kBytes);
  swapcontext(&outside_, &stack_->inside);
  StackWatch::enter(kept, nullptr, nullptr);
  current_ = nullptr;
  if (!must_die_) return;
  Stack::give_back(std::move(stack_));
  stack_ = nullptr;
}

void Worker::give_way() {
  current_ = nullptr;
  StackWatch::leave(&stack_->kept, stack_->outside, stack_->outside_bytes);
  swapcontext(&stack_->inside, &outside_);
  StackWatch::enter(stack_->kept, &stack_->outside, &stack_->outside_bytes);
  current_ = this;
  if (must_die_) throw ProcessDied{};
}

void Worker::wait(Duration length) {
  world_.in(length, node_, [this] { resume(); });
  give_way();
}

}  // namespace weir::sim
