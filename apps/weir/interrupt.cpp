// SPDX-License-Identifier: Apache-2.0
#include "apps/weir/interrupt.h"

#include <csignal>
#include <unistd.h>
#include <utility>

namespace weir {

namespace {

constexpr int kExitInterrupted = 130;  // as shells report it
constexpr int kStop = SIGUSR1;         // from our own end to our own thread

sigset_t waited_for() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, kStop}) sigaddset(&signals, signal);
  return signals;
}

void wait_for_signals(const std::function<void()>& on_interrupt) {
  const sigset_t signals = waited_for();
  bool was_interrupted = false;
  while (true) {
    int signal = 0;
    sigwait(&signals, &signal);
    if (signal == kStop) return;
    if (std::exchange(was_interrupted, true)) _exit(kExitInterrupted);
    on_interrupt();
  }
}

}  // namespace

Interrupt::Interrupt(std::function<void()> on_interrupt) : on_interrupt_(std::move(on_interrupt)) {
  const sigset_t signals = waited_for();
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  thread_ = Thread("signals", [this] { wait_for_signals(on_interrupt_); });
}

Interrupt::~Interrupt() { kill(getpid(), kStop); }

}  // namespace weir
