// SPDX-License-Identifier: Apache-2.0
#include "apps/node/shutdown.h"

#include <chrono>
#include <csignal>
#include <ctime>
#include <unistd.h>

#include "apps/node/exit_codes.h"

namespace weir {

namespace {

constexpr int kFromWithin = SIGUSR1;  // from request(), or from our own end to our own thread

sigset_t waited_for() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, kFromWithin}) sigaddset(&signals, signal);
  return signals;
}

timespec as_timespec(Duration length) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(length);
  const auto rest = std::chrono::duration_cast<std::chrono::nanoseconds>(length - seconds);
  return {.tv_sec = seconds.count(), .tv_nsec = rest.count()};
}

}  // namespace

Shutdown::Shutdown() {
  const sigset_t signals = waited_for();
  sigprocmask(SIG_BLOCK, &signals, nullptr);
}

Shutdown::~Shutdown() {
  if (impatient_.joinable()) kill(getpid(), kFromWithin);
}

int Shutdown::wait() {
  const sigset_t signals = waited_for();
  int signal = 0;
  do sigwait(&signals, &signal);
  while (signal == kFromWithin && requested_ == kNone);
  return signal == kFromWithin ? requested_.load() : kExitOk;
}

void Shutdown::request(int exit_code) {
  int expected = kNone;
  if (requested_.compare_exchange_strong(expected, exit_code)) kill(getpid(), kFromWithin);
}

void Shutdown::hurry(Duration patience, int exit_code) {
  impatient_ = Thread("shutdown", [patience, exit_code] {
    const sigset_t signals = waited_for();
    const timespec limit = as_timespec(patience);
    if (sigtimedwait(&signals, nullptr, &limit) != kFromWithin) _exit(exit_code);
  });
}

}  // namespace weir
