// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <random>

namespace weir::testing {

/// Lets others get ahead by a random little, a fraction of a millisecond, so that each round of a
/// test meets them at another point. Busily: who yields comes back when everybody else on the machine has had
/// his turn.
inline void linger(std::mt19937& random) {
  for (auto spins = random() % 1'000'000; spins > 0; --spins)
    std::atomic_signal_fence(std::memory_order_seq_cst);
}

}  // namespace weir::testing
