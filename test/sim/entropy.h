// SPDX-License-Identifier: Apache-2.0
// What a simulation must have in its hands and the ground floor takes from the machine: entropy, the log, and
// what becomes of a broken check. The simulation's executables define these functions of base themselves; the
// linker takes theirs.
#pragma once

#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string_view>

namespace weir::sim {

/// Ids are drawn from this seed on.
void seed_entropy(std::uint64_t seed);

/// Where log lines go; null: nowhere.
void log_to(std::function<void(std::string_view logger, std::string_view message)> sink);

/// In the place of the end of the process.
class CheckFailed : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

}  // namespace weir::sim
