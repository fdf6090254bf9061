// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>

namespace weir {

/// A place for a callback that its owner may take away at any moment: once unset() has returned, no call is
/// under way and none will begin, so that what was called may be destroyed.
///
/// Threads: any. For calls that are rare and short, such as a wake-up: unset() spins while one is under way,
///          and so must not be called from inside a call.
template <class Port>
class PortSlot {
public:
  /// What was written before set() is seen by the calls that follow.
  void set(Port& port) { port_.store(&port); }

  void unset() {
    port_.store(nullptr);
    while (calls_.load() != 0) std::this_thread::yield();
  }

  template <class Call>
  void call(Call&& call) {
    calls_.fetch_add(1);  // all three are seq_cst: either unset() sees this call, or it sees no port
    if (Port* port = port_.load()) call(*port);
    calls_.fetch_sub(1);
  }

private:
  std::atomic<Port*> port_ = nullptr;
  std::atomic<std::uint32_t> calls_ = 0;
};

}  // namespace weir
