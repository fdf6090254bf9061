// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "apps/command_line.h"
#include "apps/drill/faults.h"
#include "apps/drill/own_cluster.h"
#include "base/result.h"
#include "base/time.h"

namespace weir::drill {

/// What was asked for behind `weir drill`.
struct Order {
  enum class Kind : std::uint8_t { List, Drills };
  Kind kind = Kind::List;
  std::vector<Plan> plans;
  std::uint64_t seed = 0;
  bool has_time = false;   // random faults for so long
  Duration length{};
  std::string report;      // folder
  std::string broken;      // of the job, on purpose
  std::uint32_t task_managers = 3;
  double slack = 1;
  std::optional<OwnCluster> own;  // to be broken, in the place of new ones
  std::string command;     // that asks for the same again
};

/// Errors: one line.
[[nodiscard]] Result<Order> read_order(const CommandLine& line, std::uint64_t any_seed);

/// Does it. The answer is an exit code.
[[nodiscard]] int run(const Order& order);

/// What `weir drill list` prints.
[[nodiscard]] std::string list_text();

}  // namespace weir::drill
