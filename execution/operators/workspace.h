// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "execution/operators/task_mail.h"
#include "memory/io_manager.h"
#include "memory/page_budget.h"

namespace weir {

/// What an operator has for input that it must hold before it can go on: pages of its slot's managed memory,
/// and disks for what exceeds them.
struct Workspace {
  std::unique_ptr<PageBudget> pages;
  IoManager* io = nullptr;  // outlives the operator
  IoMode mode = IoMode::Async;
  TaskMail* mail = nullptr;  // outlives the operator; null: nobody cancels it

  /// A part of it, for something that must not take all. So many pages must be free.
  [[nodiscard]] Workspace carve(std::size_t page_count) {
    Workspace part;
    part.pages = pages->carve(page_count);
    part.io = io;
    part.mode = mode;
    part.mail = mail;
    return part;
  }

  /// Before each step of work without input: now and then it throws TaskCancelled, if the task is to end.
  void step() {
    if ((++steps_ & 1023) == 0 && mail != nullptr) mail->check_cancelled();
  }

private:
  std::uint32_t steps_ = 0;
};

}  // namespace weir
