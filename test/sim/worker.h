// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ucontext.h>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "test/sim/world.h"

namespace weir::sim {

/// Thrown out of a wait that will not end, because the process is dead. Code that waits has only to let it
/// pass.
struct ProcessDied {};

/// A thread of a simulated process: takes one job after the other, and may wait in the middle of one, as code
/// that asks a server or a disk does, while the rest of the world goes on.
class Worker {
public:
  using Job = std::function<void()>;

  Worker(World& world, NodeId node);
  /// As its process dies: who waits is thrown out.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Done when those before it are.
  void post(Job job);

  /// The one whose job is running. Null: none is.
  [[nodiscard]] static Worker* current() { return current_; }

  // Within a job:
  void wait(Duration length);
  /// `begin` starts something and is given whom to tell the answer. None: `patience` was over first.
  template <class Answer, class Begin>
  std::optional<Answer> await(Duration patience, Begin begin) {
    struct Asked {
      std::optional<Answer> answer;
      bool is_awaited = true;
    };
    const auto asked = std::make_shared<Asked>();
    const auto wake = [this, asked] {
      if (std::exchange(asked->is_awaited, false)) resume();
    };
    bool is_asking = true;
    begin([this, asked, wake, &is_asking](const Answer& answer) {
      if (!asked->is_awaited || asked->answer) return;
      asked->answer = answer;
      if (!is_asking) world_.in(Duration::zero(), node_, wake);
    });
    is_asking = false;
    if (asked->answer) return std::move(asked->answer);
    world_.in(patience, node_, wake);
    give_way();
    return std::move(asked->answer);
  }

private:
  struct Stack;

  static void run();
  void resume();
  void give_way();
  void work();

  static thread_local Worker* current_;

  World& world_;
  const NodeId node_;
  std::deque<Job> jobs_;
  std::unique_ptr<Stack> stack_;  // null: it does nothing
  ucontext_t outside_{};
  bool must_die_ = false;
  bool is_due_ = false;
};

}  // namespace weir::sim
